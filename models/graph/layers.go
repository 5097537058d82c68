package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// A Verdict says whether a layer turns a constant input into a constant output.
type Verdict string

const (
	Sound      Verdict = "sound"
	Faulty     Verdict = "faulty"
	CannotTell Verdict = "cannot tell"
)

// A Layer is an upsampling layer. A layer of stride s makes s×s output pixels from each input pixel;
// their positions are its phases. If the sums σ of the kernel's weights differ between phases, a
// constant input gives a pattern that repeats every s pixels (Odena et al. 2016,
// distill.pub/2016/deconv-checkerboard; Sugawara et al. 2018).
type Layer struct {
	Name      string
	Op        string // ConvTranspose, DepthToSpace, Resize or Upsample
	Mode      string // Resize and Upsample: nearest, linear or cubic
	Kernel    []int  // ConvTranspose: size along each axis
	Stride    []int  // along each axis; nil for Resize and Upsample
	Remainder []int  // ConvTranspose: kernel mod stride; if not 0, the kernel overlaps itself unevenly
	// Imbalance is the spread of σ over the phases relative to σ itself: the square root of
	// Σ(σ−mean σ)² / Σσ² over all phases and pairs of channels. It is 0 for a sound layer and at
	// most 1; random weights give 0.7 to 0.9. A negative value means unknown.
	Imbalance float64
	Verdict   Verdict
	Reason    string // why the verdict is CannotTell, or why a layer with an imbalance is sound

	node *node
	conv *node // DepthToSpace: the convolution before it, if nothing else reads its output
}

// tolerance is the largest imbalance of a sound layer. Rounding to half precision leaves less.
const tolerance = 1e-3

// upsamples reports whether Layers lists a node. A ConvTranspose without a stride is left out later.
func (n *node) upsamples() bool {
	switch n.op {
	case "ConvTranspose", "DepthToSpace", "Resize", "Upsample":
		return true
	}
	return n.shuffleOrder() != notAShuffle
}

// Layers returns the upsampling layers with their verdicts, in the order of the graph and followed by
// those inside branches, loops and functions. A faulty layer whose pattern a later layer removes is
// Sound, with a Reason.
func (g *Graph) Layers() []Layer {
	layers := g.layersAlone()
	filter := g.outputFilter(periodOf(layers))
	for i := range layers {
		l := &layers[i]
		if l.Verdict != Faulty {
			continue
		}
		if pool := g.averagingPool(*l); pool != "" {
			l.Verdict, l.Reason = Sound, pool+" averages its phases"
		} else if filter != "" {
			l.Verdict, l.Reason = Sound, filter+" removes its pattern"
		}
	}
	return layers
}

// averagingPool returns the name of the pool directly after a layer that averages its phases, or "".
func (g *Graph) averagingPool(l Layer) string {
	last, err := g.pixelsOf(l.node)
	if err != nil {
		return ""
	}
	readers := g.readers(last.outputs[0])
	if len(readers) != 1 || readers[0].op != "AveragePool" || g.readerCount(last.outputs[0]) != 1 {
		return ""
	}
	pool := readers[0]
	one := slices.Repeat([]int{1}, len(l.Stride))
	if !slices.Equal(pool.attributes["kernel_shape"].ints, l.Stride) || !slices.Equal(pool.ints("strides", len(one), 1), one) {
		return ""
	}
	return pool.title()
}

// outputFilter returns the name of the convolution that makes the output of the model if it removes
// all patterns of a period, or "". It does if its own weights, split into phases of that period, have
// equal sums.
func (g *Graph) outputFilter(period []int) string {
	last, err := g.outputLayer()
	if err != nil || last.op != "Conv" || area(period) == 1 || area(last.ints("strides", 2, 1)) != 1 {
		return ""
	}
	w, err := g.constant(last.inputs[1])
	dilation := last.ints("dilations", 2, 1)
	if err != nil || len(dilation) != 2 || min(dilation[0], dilation[1]) < 1 {
		return ""
	}
	if d := (&deconvolution{w, period, dilation}); d.sums().imbalance() <= tolerance {
		return last.title()
	}
	return ""
}

// layersAlone judges each layer by itself, regardless of the layers after it.
func (g *Graph) layersAlone() []Layer {
	var layers []Layer
	for _, n := range g.nodes {
		var l Layer
		switch {
		case n.op == "ConvTranspose":
			l = g.transposed(n)
		case n.op == "Resize" || n.op == "Upsample":
			// The weights of every interpolation sum to one.
			l = Layer{Mode: cmp.Or(n.attributes["mode"].text, "nearest"), Verdict: Sound}
		case n.upsamples():
			l = g.shuffled(n)
		default:
			continue
		}
		if l.Op == "ConvTranspose" && !slices.ContainsFunc(l.Stride, func(s int) bool { return s > 1 }) {
			continue // an ordinary convolution
		}
		l.Name, l.node = n.title(), n
		if l.Op == "" {
			l.Op = n.op
		}
		layers = append(layers, l)
	}
	for _, h := range g.hidden {
		layers = append(layers, Layer{
			Name: h.name, Op: h.op, Imbalance: -1, Verdict: CannotTell, Reason: "it is part of " + h.container,
		})
	}
	return layers
}

// judge sets the imbalance and the verdict.
func (l *Layer) judge(s *sums) {
	switch l.Imbalance = s.imbalance(); {
	case l.Imbalance <= tolerance:
		l.Verdict = Sound
	case l.Imbalance <= 1:
		l.Verdict = Faulty
	default: // NaN or infinite
		l.cannotTell("its weights are not all finite")
	}
}

func (l *Layer) cannotTell(format string, args ...any) Layer {
	l.Verdict, l.Imbalance, l.Reason = CannotTell, -1, fmt.Sprintf(format, args...)
	return *l
}

// transposed judges a ConvTranspose.
func (g *Graph) transposed(n *node) Layer {
	l := Layer{Op: n.op, Stride: n.attributes["strides"].ints}
	if len(n.inputs) < 2 {
		return l.cannotTell("its kernel is %v", errMalformed)
	}
	w, err := g.constant(n.inputs[1])
	if err != nil {
		l.Kernel = n.attributes["kernel_shape"].ints
		if len(l.Kernel) == len(l.Stride) {
			l.Remainder = remainders(l.Kernel, l.Stride)
		}
		return l.cannotTell("its kernel is %v", err)
	}
	d, err := n.deconvolution(w)
	if err != nil {
		return l.cannotTell("its kernel is %v", err)
	}
	l.Kernel, l.Stride = w.dims[2:], d.stride
	l.Remainder = remainders(l.Kernel, l.Stride)
	l.judge(d.sums())
	return l
}

func remainders(kernel, stride []int) []int {
	r := make([]int, len(kernel))
	for i, k := range kernel {
		r[i] = k % max(stride[i], 1)
	}
	return r
}

// pointwise are operators that treat all channels alike: equal channels stay equal.
var pointwise = append([]string{"Cast"}, pointwiseOfOneType...)

// pointwiseOfOneType are the pointwise operators whose output has the type of the input.
var pointwiseOfOneType = []string{
	"Identity", "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh",
	"Clip", "Softplus", "Softsign", "ThresholdedRelu", "Gelu", "Mish", "Dropout", "Neg", "Abs", "Exp", "Sqrt", "Round",
}

// shuffled judges a DepthToSpace by the convolution before it, whose output channels become the
// phases. The bias counts like the weights of one more input channel.
func (g *Graph) shuffled(n *node) Layer {
	l := Layer{Op: "DepthToSpace"}
	size, input, err := g.blockSize(n)
	if err != nil {
		return l.cannotTell("its block size is %v", err)
	}
	l.Stride = []int{size, size}
	conv, alone := g.source(input, pointwise)
	switch {
	case conv == nil:
		return l.cannotTell("its channels are inputs of the network")
	case conv.op != "Conv" || len(conv.inputs) < 2:
		return l.cannotTell("its channels come from %s", conv.op)
	}
	w, err := g.constant(conv.inputs[1])
	if err != nil {
		return l.cannotTell("the kernel before it is %v", err)
	}
	bias, err := g.bias(conv)
	if err != nil {
		return l.cannotTell("the bias before it is %v", err)
	}
	if len(w.dims) < 3 || w.dims[0] == 0 || w.dims[0]%(size*size) != 0 || bias != nil && len(bias.values) != w.dims[0] {
		return l.cannotTell("the kernel before it is %v", errShape)
	}
	l.judge(shuffleSums(w, bias, size*size, n.columnsFirst()))
	if alone && !g.branched {
		l.conv = conv
	}
	return l
}

// source follows a tensor back through some operators to the node that it comes from, or nil. alone
// reports whether each tensor on the way has one reader.
func (g *Graph) source(tensor string, through []string) (n *node, alone bool) {
	alone = true
	for range len(g.nodes) + 1 { // no chain without a cycle is longer
		alone = alone && g.readerCount(tensor) == 1
		n = g.producer(tensor)
		if n == nil || !slices.Contains(through, n.op) || len(n.inputs) == 0 {
			return n, alone
		}
		tensor = n.inputs[0]
	}
	return nil, false
}

// blockSize returns the block size of a depth-to-space, which is 1 to 64, and the tensor that it reads.
func (g *Graph) blockSize(n *node) (size int, input string, err error) {
	if n.op == "DepthToSpace" {
		if size = n.ints("blocksize", 1, 0)[0]; size < 1 || size > 64 {
			return 0, "", errMalformed
		}
		return size, n.inputs[0], nil
	}
	// Exporters write it as Reshape, Transpose, Reshape; n is the Transpose.
	reshape := g.producer(n.inputs[0])
	if reshape == nil || reshape.op != "Reshape" || len(reshape.inputs) < 2 {
		return 0, "", errComputed
	}
	shape, err := g.constant(reshape.inputs[1])
	if err != nil {
		return 0, "", err
	}
	if size = blockSizeIn(shape.values, n.columnsFirst()); size == 0 {
		return 0, "", errComputed
	}
	return size, reshape.inputs[0], nil
}

// bias returns the bias of a convolution, or nil if it has none.
func (g *Graph) bias(conv *node) (*tensor, error) {
	if len(conv.inputs) < 3 || conv.inputs[2] == "" {
		return nil, nil
	}
	return g.constant(conv.inputs[2])
}

// pixelsOf returns the node that outputs the pixels of an upsampling layer: the layer itself or, for a
// depth-to-space written as Reshape, Transpose, Reshape, the last of the three.
func (g *Graph) pixelsOf(n *node) (*node, error) {
	if n.shuffleOrder() == notAShuffle {
		return n, nil
	}
	readers := g.readers(n.outputs[0])
	if len(readers) != 1 || readers[0].op != "Reshape" {
		return nil, errNoReshape
	}
	return readers[0], nil
}
