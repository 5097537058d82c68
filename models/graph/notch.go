package graph

import (
	"errors"
	"fmt"
	"slices"

	"gtx/models/onnx"
)

const (
	// notchReach is how many periods the notch looks to each side. It removes what repeats over
	// 2×notchReach+1 periods and keeps the rest of the spectrum. A larger reach removes less, because
	// a pattern varies with the content: of 120 images from trained generators, reaches of 1, 2 and 3
	// left 1, 12 and 36 flagged, at 31, 33 and 34 dB to the originals.
	notchReach = 1
	// notchPeriod is the longest period that the notch removes. Longer ones do not look like
	// checkerboards.
	notchPeriod = 8
)

var (
	errNoOutputLayer = errors.New("the output does not come from a convolution that gtx can follow")
	errOpsetGather   = errors.New("the model uses an opset before 11, which lacks the operators that the repair needs")
)

// notch adds a filter after the last convolution. The filter removes what repeats with the period of
// the faulty layers and keeps all other frequencies; the layers stay as they are. Since a constant
// input gives an output that is periodic and nothing more, the output becomes constant.
//
// Let c be the mean over every s-th pixel around a pixel, and b the mean over all pixels around it, both
// over the same window. Then y becomes y − c + b. Beyond the border the pattern is continued.
func (g *Graph) notch() error {
	if g.opset < 11 {
		return errOpsetGather
	}
	period := periodOf(g.layersAlone())
	last, err := g.outputLayer()
	if err != nil {
		return err
	}
	output, uneven := g.divert(last.node)
	c := &chain{g: g, end: last.node, prefix: uneven}
	in := uneven
	for axis, s := range period {
		in = c.continueBorder(in, axis+2, s)
	}
	if last.element == onnx.Float32 {
		c.filter(in, output, last.channels, period)
		return nil
	}
	// Narrower types are too coarse for the sums of so many weights.
	c.add("Cast", uneven+".float", []string{in}, onnx.IntAttribute("to", int(onnx.Float32)))
	c.filter(uneven+".float", uneven+".even", last.channels, period)
	c.add("Cast", output, []string{uneven + ".even"}, onnx.IntAttribute("to", int(last.element)))
	return nil
}

// A chain adds nodes to a graph, each directly after the one before.
type chain struct {
	g      *Graph
	end    *node
	prefix string // of the names of tensors
}

// add appends a node with one output. The node is named after the output.
func (c *chain) add(op, output string, inputs []string, attributes ...[]byte) {
	c.end = c.g.insertAfter(c.end, onnx.Node{
		Name: output + "." + op, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes,
	})
}

// continueBorder extends a tensor on both sides of an axis, by as much as the filter reaches, with the
// pixels that have the same phase of the period s. It returns the name of the result.
func (c *chain) continueBorder(in string, axis, s int) string {
	margin := reachOf(s)
	before, after := make([]float64, margin), make([]float64, margin)
	for j := range margin {
		before[margin-1-j] = float64((s - (j+1)%s) % s)
		after[j] = float64(j%s - s) // negative indices count from the end
	}
	name := fmt.Sprintf("%s.%d", c.prefix, axis)
	along := onnx.IntAttribute("axis", axis)
	gather := func(part string, index []float64) string {
		out := name + part
		c.g.addWeights(out+".index", &tensor{dims: []int{margin}, element: onnx.Int64, values: index})
		c.add("Gather", out, []string{in, out + ".index"}, along)
		return out
	}
	c.add("Concat", name, []string{gather(".before", before), in, gather(".after", after)}, along)
	return name
}

// filter convolves each channel with the kernel of the notch.
func (c *chain) filter(in, out string, channels int, period []int) {
	kernel := notchKernel(period)
	sides := kernel.dims
	c.g.addWeights(c.prefix+".notch", &tensor{
		dims: append([]int{channels, 1}, sides...), element: onnx.Float32, values: slices.Repeat(kernel.values, channels),
	})
	c.add("Conv", out, []string{in, c.prefix + ".notch"},
		onnx.IntAttribute("group", channels), onnx.IntsAttribute("kernel_shape", sides))
}

// reachOf is how many pixels the notch for a period of s reaches to each side.
func reachOf(s int) int { return s*notchReach + s/2 }

// notchKernel returns δ − c + b. Its sides are odd.
func notchKernel(period []int) *tensor {
	comb, box := []float64{1}, []float64{1}
	k := &tensor{}
	for _, s := range period {
		reach := reachOf(s)
		c, b := make([]float64, 2*reach+1), make([]float64, 2*reach+1)
		for i := -notchReach; i <= notchReach; i++ {
			c[reach+s*i] = 1.0 / (2*notchReach + 1)
			for j := -(s / 2); j <= s/2; j++ {
				w := 1.0
				if s%2 == 0 && (j == -(s/2) || j == s/2) {
					w = 0.5
				}
				b[reach+s*i+j] += w / float64(s) / (2*notchReach + 1)
			}
		}
		comb, box = outer(comb, c), outer(box, b)
		k.dims = append(k.dims, len(c))
	}
	k.values = make([]float64, len(comb))
	for i := range comb {
		k.values[i] = box[i] - comb[i]
	}
	k.values[len(k.values)/2]++
	return k
}

// outer is the outer product, row by row.
func outer(a, b []float64) []float64 {
	var out []float64
	for _, x := range a {
		for _, y := range b {
			out = append(out, x*y)
		}
	}
	return out
}

// periodOf returns the period of the pattern in the output, along both axes: the product of the strides
// from the first faulty layer on. A product above notchPeriod is replaced by its greatest common divisor
// with notchPeriod.
func periodOf(layers []Layer) []int {
	period := []int{1, 1}
	faulty := false
	for _, l := range layers {
		faulty = faulty || l.Verdict == Faulty
		if !faulty || len(l.Stride) != 2 {
			continue
		}
		for i, s := range l.Stride {
			if s > notchPeriod {
				s = s%notchPeriod + notchPeriod // has the same common divisors, and the product cannot overflow
			}
			if period[i] *= max(s, 1); period[i] > notchPeriod {
				period[i] = gcd(period[i], notchPeriod)
			}
		}
	}
	return period
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// An outputLayer is a node with the number of channels and the element type of its output.
type outputLayer struct {
	*node
	channels int
	element  onnx.ElementType
}

// outputLayer returns the layer that makes the output of the model, apart from operators that change
// each pixel by itself.
func (g *Graph) outputLayer() (*outputLayer, error) {
	if len(g.outputs) != 1 {
		return nil, errNoOutputLayer
	}
	tensor := g.outputs[0]
	for range len(g.nodes) {
		n := g.producer(tensor)
		if n == nil {
			break
		}
		varying := slices.DeleteFunc(slices.Clone(n.inputs), func(in string) bool { return in == "" || g.isConstant(in) })
		switch {
		case n.op == "Conv" || n.op == "ConvTranspose" || n.op == "DepthToSpace":
			return g.withChannels(n)
		case len(varying) != 1:
			return nil, errNoOutputLayer
		case n.op == "Transpose" || slices.Contains(pointwise, n.op) || slices.Contains(arithmetic, n.op):
			tensor = varying[0]
		default:
			return nil, errNoOutputLayer
		}
	}
	return nil, errNoOutputLayer
}

// arithmetic are operators that change each pixel by itself if their other operand is a constant.
var arithmetic = []string{"Add", "Sub", "Mul", "Div", "PRelu", "Min", "Max"}

// isConstant reports whether a tensor is an initializer or a Constant.
func (g *Graph) isConstant(tensor string) bool {
	n := g.producer(tensor)
	return g.weights[tensor] != nil || n != nil && n.op == "Constant"
}

// withChannels reads the channels and the element type of a layer from the weights that make them.
func (g *Graph) withChannels(n *node) (*outputLayer, error) {
	weighted := n
	if n.op == "DepthToSpace" {
		weighted, _ = g.source(n.inputs[0], pointwiseOfOneType)
		if weighted == nil || weighted.op != "Conv" {
			return nil, errNoOutputLayer
		}
	}
	if len(weighted.inputs) < 2 {
		return nil, errNoOutputLayer
	}
	w, err := g.constant(weighted.inputs[1])
	if err != nil || len(w.dims) != 4 || slices.Contains(w.dims, 0) {
		return nil, errNoOutputLayer
	}
	channels := w.dims[0]
	switch n.op {
	case "ConvTranspose":
		group := n.ints("group", 1, 1)[0]
		if group < 1 || w.dims[0]%group != 0 {
			return nil, errNoOutputLayer
		}
		channels = w.dims[1] * group
	case "DepthToSpace":
		size := n.ints("blocksize", 1, 1)[0]
		if size < 1 || size > 64 || channels < size*size {
			return nil, errNoOutputLayer
		}
		channels /= size * size
	}
	return &outputLayer{n, channels, w.element}, nil
}
