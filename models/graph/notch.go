package graph

import (
	"errors"
	"fmt"
	"slices"

	"gtx/models/onnx"
)

const (
	// notchReach is how many periods to each side the notch looks: it takes away the
	// pattern that repeats over 2×notchReach+1 periods, and leaves the rest of the spectrum. A pattern
	// follows what is in the picture: of 120 pictures of trained generators 1 left none flagged, 2 left
	// 12 and 3 left 36, for 31, 33 and 34 dB to the originals.
	notchReach = 1
	// notchPeriod is the longest pattern that it takes away; longer ones are not seen as checkerboards.
	notchPeriod = 8
)

var (
	errNoPlace     = errors.New("no convolution makes its output")
	errOpsetGather = errors.New("the model is of an opset before 11, which has no fit operators")
)

// notch puts a filter behind the last convolution: it takes away what repeats with the period
// of the faulty layers, and leaves all other frequencies and all the layers as they are. A constant
// input has nothing but a periodic output, so that it becomes constant.
//
// With c the mean over every s-th pixel around, and b the mean over all pixels around, both over
// the same window, y becomes y − c + b; at the border the pattern is continued.
func (g *Graph) notch() error {
	if g.opset < 11 {
		return errOpsetGather
	}
	period := periodOf(g.unfiltered())
	last, channels, kind, err := g.last()
	if err != nil {
		return err
	}
	output := last.outputs[0]
	rest := g.fresh(output + ".uneven")
	g.rename(last, onnx.NodeOutput, 0, rest)
	base, place := rest, last.place
	add := func(op, out string, inputs []string, attributes ...[]byte) {
		var m onnx.Message
		for _, in := range inputs {
			m.Text(onnx.NodeInput, in)
		}
		m.Text(onnx.NodeOutput, out)
		m.Text(onnx.NodeName, out+"."+op)
		m.Text(onnx.NodeOpType, op)
		for _, a := range attributes {
			m.Bytes(onnx.NodeAttribute, a)
		}
		n, err := readNode(m)
		if err != nil {
			panic(err) // just written
		}
		n.place = &onnx.Field{Number: onnx.GraphNode, Content: m}
		g.fields = slices.Insert(g.fields, slices.Index(g.fields, place)+1, n.place)
		g.nodes = append(g.nodes, n)
		place = n.place
	}
	for axis, s := range period {
		margin := s*notchReach + s/2
		before, after := make([]float64, margin), make([]float64, margin)
		for j := range margin {
			before[margin-1-j] = float64((s - (j+1)%s) % s)
			after[j] = float64(j%s - s)
		}
		name := fmt.Sprintf("%s.%d", base, axis+2)
		for part, index := range map[string][]float64{"before": before, "after": after} {
			g.addWeights(name+"."+part+".index", &tensor{dims: []int{margin}, kind: typeInt64, values: index})
		}
		add("Gather", name+".before", []string{rest, name + ".before.index"}, intAttribute("axis", axis+2))
		add("Gather", name+".after", []string{rest, name + ".after.index"}, intAttribute("axis", axis+2))
		add("Concat", name, []string{name + ".before", rest, name + ".after"}, intAttribute("axis", axis+2))
		rest = name
	}
	kernel := notchKernel(period)
	kernel.kind, kernel.dims = typeFloat32, append([]int{channels, 1}, kernel.dims...)
	kernel.values = slices.Repeat(kernel.values, channels)
	g.addWeights(base+".notch", kernel)
	filter := func(in, out string) {
		add("Conv", out, []string{in, base + ".notch"}, intAttribute("group", channels), intsAttribute("kernel_shape", kernel.dims[2:]))
	}
	if kind == typeFloat32 {
		filter(rest, output)
		return nil
	}
	// The sums of so many weights have to be exact.
	add("Cast", base+".float", []string{rest}, intAttribute("to", typeFloat32))
	filter(base+".float", base+".even")
	add("Cast", output, []string{base + ".even"}, intAttribute("to", kind))
	return nil
}

// notchKernel is δ − c + b, of odd sides.
func notchKernel(period []int) *tensor {
	comb, box := []float64{1}, []float64{1}
	k := &tensor{}
	for _, s := range period {
		reach := s*notchReach + s/2
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

func outer(a, b []float64) []float64 {
	var out []float64
	for _, x := range a {
		for _, y := range b {
			out = append(out, x*y)
		}
	}
	return out
}

// periodOf is the period of the pattern that faulty layers print: what the first of them
// makes, doubled and so on by those behind.
func periodOf(layers []Layer) []int {
	period := []int{1, 1}
	faulty := false
	for _, l := range layers {
		faulty = faulty || l.Verdict == Faulty
		if !faulty || len(l.Stride) != 2 {
			continue
		}
		for i, s := range l.Stride {
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

// last is the node that makes the picture, but for what is done to each of its pixels alone; and the
// channels and the type of what it gives.
func (g *Graph) last() (n *node, channels, kind int, err error) {
	if len(g.outputs) != 1 {
		return nil, 0, 0, errNoPlace
	}
	tensor := g.outputs[0]
	for range len(g.nodes) {
		n := g.producer(tensor)
		if n == nil {
			break
		}
		varying := slices.DeleteFunc(slices.Clone(n.inputs), func(in string) bool { return in == "" || g.fixed(in) })
		switch {
		case n.op == "Conv" || n.op == "ConvTranspose" || n.op == "DepthToSpace":
			return g.channels(n)
		case len(varying) != 1:
			return nil, 0, 0, errNoPlace
		case n.op == "Transpose" || slices.Contains(pointwise, n.op) || slices.Contains(arithmetic, n.op):
			tensor = varying[0]
		default:
			return nil, 0, 0, errNoPlace
		}
	}
	return nil, 0, 0, errNoPlace
}

// arithmetic are operators that, with a constant, treat each pixel alone.
var arithmetic = []string{"Add", "Sub", "Mul", "Div", "PRelu", "Min", "Max"}

// fixed tells whether a tensor is a constant, whatever its values.
func (g *Graph) fixed(tensor string) bool {
	n := g.producer(tensor)
	return g.weights[tensor] != nil || n != nil && n.op == "Constant"
}

// channels returns a layer with how many channels it gives, and of which type.
func (g *Graph) channels(n *node) (_ *node, channels, kind int, err error) {
	makes := n // whose weights tell
	if n.op == "DepthToSpace" {
		makes = g.producer(n.inputs[0])
		for makes != nil && slices.Contains(pointwise, makes.op) && makes.op != "Cast" {
			makes = g.producer(makes.inputs[0])
		}
		if makes == nil || makes.op != "Conv" {
			return nil, 0, 0, errNoPlace
		}
	}
	if len(makes.inputs) < 2 {
		return nil, 0, 0, errNoPlace
	}
	w, err := g.constant(makes.inputs[1])
	if err != nil || len(w.dims) != 4 || slices.Contains(w.dims, 0) {
		return nil, 0, 0, errNoPlace
	}
	channels = w.dims[0]
	switch n.op {
	case "ConvTranspose":
		channels = w.dims[1] * n.ints("group", 1, 1)[0]
	case "DepthToSpace":
		size := n.ints("blocksize", 1, 1)[0]
		if size < 1 || size > 64 || channels < size*size {
			return nil, 0, 0, errNoPlace
		}
		channels /= size * size
	}
	return n, channels, w.kind, nil
}

func intAttribute(name string, value int) []byte {
	var m onnx.Message
	m.Text(onnx.AttributeName, name)
	m.Number(onnx.AttributeInt, uint64(int64(value)))
	m.Number(onnx.AttributeType, attributeSingleInt)
	return m
}

// addWeights adds an initializer.
func (g *Graph) addWeights(name string, w *tensor) {
	f := &onnx.Field{Number: onnx.GraphInitializer, Content: w.encode(name)}
	g.weights[name] = f
	at := slices.IndexFunc(g.fields, func(f *onnx.Field) bool { return f.Number == onnx.GraphInitializer })
	g.fields = slices.Insert(g.fields, max(at, 0), f)
}
