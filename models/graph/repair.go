package graph

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gtx/models/onnx"
)

// A Method makes a layer's output constant where its input is.
type Method string

const (
	// Phases adds to the weights of each phase what makes its sum the mean of all: of all
	// changes that do, the smallest in squares.
	Phases Method = "phases"
	// Hold follows the layer by the mean over s×s pixels, the zero-order hold of Sugawara et
	// al. 2018 ("Super-resolution using convolutional neural networks without any checkerboard
	// artifacts"), which is the same as convolving the kernel with it. It blurs by as much.
	Hold Method = "hold"
	// Notch leaves the layers alone and filters, once, what the last convolution gives.
	Notch Method = "notch"
)

// Methods are those that Repair knows.
var Methods = []Method{Phases, Hold, Notch}

// A Change is what Repair did to a layer.
type Change struct {
	Layer  string
	Method Method // Hold, too, where the weights could not be had for themselves alone
}

var (
	errOldOpset  = errors.New("the model is of an opset before 7, which has no fit operators")
	errNoReshape = errors.New("no Reshape follows its Transpose")
)

// Repair rewrites the faulty layers. Those of which nothing can be told stay as they are.
func (g *Graph) Repair(m Method) ([]Change, error) {
	var changes []Change
	if m == Notch {
		for _, l := range g.Layers() {
			if l.Verdict == Faulty {
				changes = append(changes, Change{l.Name, m})
			}
		}
		if len(changes) == 0 {
			return nil, nil
		}
		return changes, g.notch()
	}
	for _, l := range g.Layers() {
		if l.Verdict != Faulty {
			continue
		}
		used := m
		if m == Phases {
			if done, err := g.even(l); err != nil {
				return nil, fmt.Errorf("layer %q: %w", l.Name, err)
			} else if !done {
				used = Hold
			}
		}
		if used == Hold {
			if err := g.hold(l); err != nil {
				return nil, fmt.Errorf("layer %q: %w", l.Name, err)
			}
		}
		changes = append(changes, Change{l.Name, used})
	}
	return changes, nil
}

// hold puts a mean over the phases behind a layer. A window at the border has the pixels
// that there are.
func (g *Graph) hold(l Layer) error {
	if g.opset < 7 {
		return errOldOpset
	}
	after, err := g.placed(l.node)
	if err != nil {
		return err
	}
	output := after.outputs[0]
	uneven := g.fresh(output + ".uneven")
	g.rename(after, onnx.NodeOutput, 0, uneven)
	var pads []int
	for _, s := range l.Stride {
		pads = append(pads, (s-1)/2)
	}
	for _, s := range l.Stride {
		pads = append(pads, s/2)
	}
	var m onnx.Message
	m.Text(onnx.NodeInput, uneven)
	m.Text(onnx.NodeOutput, output)
	m.Text(onnx.NodeName, after.title()+".hold")
	m.Text(onnx.NodeOpType, "AveragePool")
	m.Bytes(onnx.NodeAttribute, intsAttribute("kernel_shape", l.Stride))
	m.Bytes(onnx.NodeAttribute, intsAttribute("pads", pads))
	place := &onnx.Field{Number: onnx.GraphNode, Content: m}
	g.fields = slices.Insert(g.fields, slices.Index(g.fields, after.place)+1, place)
	g.nodes = append(g.nodes, &node{
		place: place, name: after.title() + ".hold", op: "AveragePool", inputs: []string{uneven}, outputs: []string{output},
	})
	return nil
}

// placed is the node whose output has the pixels of an upsampling layer in place: itself, or the Reshape
// behind a depth-to-space that an exporter has written out.
func (g *Graph) placed(n *node) (*node, error) {
	if n.shuffles() == 0 {
		return n, nil
	}
	readers := g.readersOf(n.outputs[0])
	if len(readers) != 1 || readers[0].op != "Reshape" {
		return nil, errNoReshape
	}
	return readers[0], nil
}

func (g *Graph) readersOf(tensor string) []*node {
	var readers []*node
	for _, n := range g.nodes {
		if slices.Contains(n.inputs, tensor) {
			readers = append(readers, n)
		}
	}
	return readers
}

func intsAttribute(name string, values []int) []byte {
	var m onnx.Message
	m.Text(onnx.AttributeName, name)
	for _, v := range values {
		m.Number(onnx.AttributeInts, uint64(v))
	}
	m.Number(onnx.AttributeType, attributeIntList)
	return m
}

// rename changes the input or output at an index of a node.
func (g *Graph) rename(n *node, number onnx.Number, index int, to string) {
	fields, err := onnx.Split(n.place.Content)
	if err != nil {
		panic(err) // it has been read before
	}
	var m onnx.Message
	for _, f := range fields {
		if f.Number == number {
			if index == 0 {
				f = &onnx.Field{Number: number, Content: []byte(to)}
			}
			index--
		}
		m.Field(f)
	}
	n.place.Content, n.place.Raw = m, nil
	renamed, err := readNode(m)
	if err != nil {
		panic(err)
	}
	n.inputs, n.outputs = renamed.inputs, renamed.outputs
}

// even gives the phases of a layer equal sums. It reports false where it cannot: a phase without
// weights, or weights that other layers read too.
func (g *Graph) even(l Layer) (bool, error) {
	if l.node.op == "ConvTranspose" {
		w, err := g.constant(l.node.inputs[1])
		if err != nil {
			return false, err
		}
		d, err := l.node.deconvolution(w)
		if err != nil {
			return false, err
		}
		places := d.places()
		if slices.ContainsFunc(places, func(taps []int) bool { return len(taps) == 0 }) {
			return false, nil
		}
		for kernel := range slices.Chunk(w.values, area(w.dims[2:])) {
			target := mean(kernel) * float64(len(kernel)) / float64(len(places))
			for _, taps := range places {
				sumTo(w.kind, kernel, taps, target)
			}
		}
		g.replace(l.node, 1, w)
		return true, nil
	}
	if l.conv == nil {
		return false, nil
	}
	w, err := g.constant(l.conv.inputs[1])
	if err != nil {
		return false, err
	}
	bias, err := g.bias(l.conv)
	if err != nil {
		return false, err
	}
	phases, inputs, taps := area(l.Stride), w.dims[1], area(w.dims[2:])
	outputs := w.dims[0] / phases
	channels := make([]int, phases) // of an output, one a phase
	all := make([]int, taps)
	for t := range all {
		all[t] = t
	}
	for o := range outputs {
		for p := range phases {
			channels[p] = channel(o, p, outputs, phases, l.node.columnsFirst())
		}
		for i := range inputs {
			kernel := func(p int) []float64 { return w.values[(channels[p]*inputs+i)*taps:][:taps] }
			target := 0.0
			for p := range phases {
				target += mean(kernel(p)) * float64(taps) / float64(phases)
			}
			for p := range phases {
				sumTo(w.kind, kernel(p), all, target)
			}
		}
		if bias != nil {
			target := 0.0
			for _, c := range channels {
				target += bias.values[c] / float64(phases)
			}
			for _, c := range channels {
				bias.values[c] = target
			}
		}
	}
	g.replace(l.conv, 1, w)
	if bias != nil {
		g.replace(l.conv, 2, bias)
	}
	return true, nil
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// sumTo adds the same to each of the taps of a kernel, so that they sum up to target after they have
// been rounded to a type: the smallest, whose steps are the finest, comes last and takes what is left.
func sumTo(kind int, kernel []float64, taps []int, target float64) {
	left := target
	for _, t := range taps {
		left -= kernel[t]
	}
	share := left / float64(len(taps))
	for _, t := range taps {
		kernel[t] += share
	}
	order := slices.Clone(taps)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(math.Abs(kernel[b]), math.Abs(kernel[a]))
	})
	left = target
	for n, t := range order {
		v := kernel[t]
		if n == len(order)-1 {
			v = left
		}
		kernel[t], _ = rounded(kind, v)
		left -= kernel[t]
	}
}

// replace gives a node an initializer of its own, and drops the old one if nobody reads it.
func (g *Graph) replace(n *node, input int, w *tensor) {
	old := n.inputs[input]
	name := g.fresh(old + ".even")
	g.rename(n, onnx.NodeInput, input, name)
	g.addWeights(name, w)
	if was := g.weights[old]; was != nil && g.readers(old) == 0 && !g.branched {
		delete(g.weights, old)
		g.fields = slices.DeleteFunc(g.fields, func(f *onnx.Field) bool {
			if f == was {
				return true
			}
			info, err := onnx.Text(f.Content, onnx.InfoName) // old exporters list the weights among the inputs
			return f.Number == onnx.GraphInput && err == nil && info == old
		})
	}
}
