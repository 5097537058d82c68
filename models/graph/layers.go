package graph

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Verdict says whether a layer makes a constant output of a constant input.
type Verdict string

const (
	Sound      Verdict = "sound"
	Faulty     Verdict = "faulty"
	CannotTell Verdict = "cannot tell"
)

// A Layer is an upsampling layer. The s×s pixels that a layer of stride s makes of
// one are its phases. Where their sums σ of the kernel's weights differ, a constant input gives a
// pattern that repeats every s pixels (Odena et al. 2016, distill.pub/2016/deconv-checkerboard;
// Sugawara et al. 2018).
type Layer struct {
	Name      string
	Op        string // ConvTranspose, DepthToSpace, Resize or Upsample
	Mode      string // Resize and Upsample: nearest, linear or cubic
	Kernel    []int  // ConvTranspose: along each axis
	Stride    []int  // along each axis; nil for Resize and Upsample
	Remainder []int  // ConvTranspose: kernel mod stride; not 0 is an unequal overlap
	// Imbalance is the spread of σ over the phases, as a part of σ itself: the root of
	// Σ(σ−mean σ)² / Σσ² over all phases and pairs of channels. 0 is sound and 1 the most;
	// random weights give 0.7 to 0.9. Negative: not known.
	Imbalance float64
	Verdict   Verdict
	Reason    string // why nothing can be told, or why a layer with an imbalance is sound

	node *node
	conv *node // DepthToSpace: the convolution that makes its channels, if it alone does
}

// tolerance is the imbalance that rounding to half precision leaves.
const tolerance = 1e-3

// upsamples tells whether a node is a layer that Layers reports.
func (n *node) upsamples() bool {
	switch n.op {
	case "ConvTranspose", "DepthToSpace", "Resize", "Upsample":
		return true
	}
	return n.shuffles() != 0
}

// Layers judges each upsampling layer, in the order of the graph. What cannot be told from the graph
// alone is said to be so.
func (g *Graph) Layers() []Layer {
	layers := g.unfiltered()
	filter := g.filter(periodOf(layers))
	for i := range layers {
		l := &layers[i]
		if l.Verdict != Faulty {
			continue
		}
		if pool := g.holder(*l); pool != "" {
			l.Verdict, l.Reason = Sound, pool+" takes the mean over its phases"
		} else if filter != "" {
			l.Verdict, l.Reason = Sound, filter+" takes its pattern away"
		}
	}
	return layers
}

// holder is the name of the layer that takes the mean over the phases of another at once, or "".
func (g *Graph) holder(l Layer) string {
	after, err := g.placed(l.node)
	if err != nil {
		return ""
	}
	readers := g.readersOf(after.outputs[0])
	if len(readers) != 1 || readers[0].op != "AveragePool" || g.readers(after.outputs[0]) != 1 {
		return ""
	}
	pool := readers[0]
	one := slices.Repeat([]int{1}, len(l.Stride))
	if !slices.Equal(pool.attributes["kernel_shape"].ints, l.Stride) || !slices.Equal(pool.ints("strides", len(one), 1), one) {
		return ""
	}
	return pool.title()
}

// filter is the name of the convolution that makes the output, if it gives a constant for whatever
// repeats with a period: the weights of each phase have equal sums; or "".
func (g *Graph) filter(period []int) string {
	last, _, _, err := g.last()
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

// unfiltered judges each layer for itself, whatever comes after it.
func (g *Graph) unfiltered() []Layer {
	var layers []Layer
	for _, n := range g.nodes {
		var l Layer
		switch {
		case n.op == "ConvTranspose":
			l = g.transposed(n)
		case n.op == "Resize" || n.op == "Upsample":
			// Every mode interpolates with weights whose sum is one.
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
			Name: h.name, Op: h.op, Imbalance: -1, Verdict: CannotTell, Reason: "it is part of " + h.where,
		})
	}
	return layers
}

// judge gives the verdict on an imbalance.
func (l *Layer) judge(s *sums) {
	switch l.Imbalance = s.imbalance(); {
	case l.Imbalance <= tolerance:
		l.Verdict = Sound
	case l.Imbalance <= 1:
		l.Verdict = Faulty
	default:
		l.cannotTell("its weights are not all finite")
	}
}

func (l *Layer) cannotTell(format string, args ...any) Layer {
	l.Verdict, l.Imbalance, l.Reason = CannotTell, -1, fmt.Sprintf(format, args...)
	return *l
}

// A deconvolution is a ConvTranspose with its weights [inputs, outputs, kernel...].
type deconvolution struct {
	*tensor
	stride, dilation []int
}

// sums are the phase sums of pairs of channels: phases × pairs numbers.
type sums struct {
	phases int
	values []float64
}

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

var errShape = errors.New("of a shape that contradicts its attributes")

// deconvolution joins a ConvTranspose and its weights.
func (n *node) deconvolution(w *tensor) (*deconvolution, error) {
	rank := len(w.dims) - 2
	if rank < 1 {
		return nil, errShape
	}
	d := &deconvolution{w, n.ints("strides", rank, 1), n.ints("dilations", rank, 1)}
	if len(d.stride) != rank || len(d.dilation) != rank || slices.Contains(w.dims, 0) {
		return nil, errShape
	}
	for i := range rank {
		if d.stride[i] < 1 || d.stride[i] > 64 || d.dilation[i] < 1 {
			return nil, errShape
		}
	}
	return d, nil
}

// places lists the taps of a kernel, counted row by row, in each phase.
func (d *deconvolution) places() [][]int {
	places := make([][]int, area(d.stride))
	for t := range area(d.dims[2:]) {
		phase, unit, rest := 0, 1, t
		for i := len(d.stride) - 1; i >= 0; i-- {
			k := d.dims[i+2]
			phase += rest % k * d.dilation[i] % d.stride[i] * unit
			unit *= d.stride[i]
			rest /= k
		}
		places[phase] = append(places[phase], t)
	}
	return places
}

// area is the product of sides.
func area(sides []int) int {
	n := 1
	for _, s := range sides {
		n *= s
	}
	return n
}

func (d *deconvolution) sums() *sums {
	places := d.places()
	s := &sums{phases: len(places)}
	for kernel := range slices.Chunk(d.values, area(d.dims[2:])) {
		for _, taps := range places {
			sum := 0.0
			for _, t := range taps {
				sum += kernel[t]
			}
			s.values = append(s.values, sum)
		}
	}
	return s
}

func (s *sums) imbalance() float64 {
	spread, all := 0.0, 0.0
	for pair := range slices.Chunk(s.values, s.phases) {
		mean := 0.0
		for _, v := range pair {
			mean += v / float64(s.phases)
		}
		for _, v := range pair {
			spread += (v - mean) * (v - mean)
			all += v * v
		}
	}
	if all == 0 {
		return 0
	}
	return math.Sqrt(spread / all)
}

// pointwise are operators that treat all channels of a tensor alike, so that equal channels stay so.
var pointwise = []string{
	"Identity", "Cast", "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh",
	"Clip", "Softplus", "Softsign", "ThresholdedRelu", "Gelu", "Mish", "Dropout", "Neg", "Abs", "Exp", "Sqrt", "Round",
}

// shuffled judges a DepthToSpace, whose s² phases are channels of the layer before it: with equal
// weights they would be equal. The bias counts as the weight of one more input.
func (g *Graph) shuffled(n *node) Layer {
	l := Layer{Op: "DepthToSpace"}
	var size int
	tensor := n.inputs[0]
	if n.op == "DepthToSpace" {
		if size = n.ints("blocksize", 1, 0)[0]; size < 1 || size > 64 {
			return l.cannotTell("its block size is %v", errMalformed)
		}
	} else { // Reshape, Transpose, Reshape
		reshape := g.producer(tensor)
		if reshape == nil || reshape.op != "Reshape" || len(reshape.inputs) < 2 {
			return l.cannotTell("its block size is %v", errComputed)
		}
		shape, err := g.constant(reshape.inputs[1])
		if err != nil {
			return l.cannotTell("its block size is %v", err)
		}
		if size = blockSize(shape.values, n.columnsFirst()); size == 0 {
			return l.cannotTell("its block size is %v", errComputed)
		}
		tensor = reshape.inputs[0]
	}
	l.Stride = []int{size, size}
	alone := g.readers(tensor) == 1 && !g.branched
	before := g.producer(tensor)
	for before != nil && slices.Contains(pointwise, before.op) && len(before.inputs) > 0 {
		alone = alone && g.readers(before.inputs[0]) == 1
		before = g.producer(before.inputs[0])
	}
	switch {
	case before == nil:
		return l.cannotTell("its channels are inputs")
	case before.op != "Conv" || len(before.inputs) < 2:
		return l.cannotTell("its channels come from %s", before.op)
	}
	w, err := g.constant(before.inputs[1])
	if err != nil {
		return l.cannotTell("the kernel before it is %v", err)
	}
	bias, err := g.bias(before)
	if err != nil {
		return l.cannotTell("the bias before it is %v", err)
	}
	if len(w.dims) < 3 || w.dims[0] == 0 || w.dims[0]%(size*size) != 0 || bias != nil && len(bias.values) != w.dims[0] {
		return l.cannotTell("the kernel before it is %v", errShape)
	}
	l.judge(shuffleSums(w, bias, size*size, n.columnsFirst()))
	if alone {
		l.conv = before
	}
	return l
}

// bias is that of a convolution, or nil.
func (g *Graph) bias(conv *node) (*tensor, error) {
	if len(conv.inputs) < 3 || conv.inputs[2] == "" {
		return nil, nil
	}
	return g.constant(conv.inputs[2])
}

// shuffles tells by which permutation of six axes a Transpose is the middle of a depth-to-space that
// an exporter has written out: 1 for CRD, 2 for DCR; 0 for anything else.
func (n *node) shuffles() int {
	if n.op != "Transpose" {
		return 0
	}
	switch perm := n.attributes["perm"].ints; {
	case slices.Equal(perm, []int{0, 1, 4, 2, 5, 3}):
		return 1
	case slices.Equal(perm, []int{0, 3, 4, 1, 5, 2}):
		return 2
	}
	return 0
}

// columnsFirst tells whether the phases of one channel lie side by side (mode CRD) or a whole set of
// channels apart (DCR).
func (n *node) columnsFirst() bool {
	return n.shuffles() == 1 || n.attributes["mode"].text == "CRD"
}

// blockSize reads the block size off the shape [n, c, s, s, h, w] (CRD) or [n, s, s, c, h, w].
func blockSize(shape []float64, columnsFirst bool) int {
	at := 1
	if columnsFirst {
		at = 2
	}
	if len(shape) != 6 || shape[at] != shape[at+1] || shape[at] < 2 || shape[at] > 64 {
		return 0
	}
	return int(shape[at])
}

// channel is the one that becomes a phase of an output channel.
func channel(output, phase, outputs, phases int, columnsFirst bool) int {
	if columnsFirst {
		return output*phases + phase
	}
	return phase*outputs + output
}

// shuffleSums are those of a convolution [outputs × phases, inputs, kernel...].
func shuffleSums(w, bias *tensor, phases int, columnsFirst bool) *sums {
	inputs, taps, outputs := w.dims[1], area(w.dims[2:]), w.dims[0]/phases
	s := &sums{phases: phases}
	for o := range outputs {
		for i := range inputs {
			for p := range phases {
				total := 0.0
				for _, v := range w.values[(channel(o, p, outputs, phases, columnsFirst)*inputs+i)*taps:][:taps] {
					total += v
				}
				s.values = append(s.values, total)
			}
		}
		for p := range phases {
			if bias != nil {
				s.values = append(s.values, bias.values[channel(o, p, outputs, phases, columnsFirst)])
			}
		}
	}
	return s
}
