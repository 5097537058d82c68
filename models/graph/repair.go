package graph

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gtx/models/onnx"
)

// A Method is a way to repair a layer, so that a constant input gives a constant output.
type Method string

const (
	// Phases changes the weights so that all phases have the same sum, their mean. The change is the
	// smallest possible one in least squares.
	Phases Method = "phases"
	// Hold adds a mean over s×s pixels after the layer: the zero-order hold of Sugawara et al. 2018
	// ("Super-resolution using convolutional neural networks without any checkerboard artifacts"),
	// which is the same as convolving the kernel with that mean. It blurs the output accordingly.
	Hold Method = "hold"
	// Notch leaves the layers as they are and adds one filter after the last convolution.
	Notch Method = "notch"
)

// Methods lists the methods that Repair accepts.
var Methods = []Method{Phases, Hold, Notch}

// A Change says how Repair repaired a layer.
type Change struct {
	Layer  string
	Method Method // Hold in place of Phases if the layer shares its weights or lacks some for a phase
}

var (
	errOldOpset  = errors.New("the model uses an opset before 7, which lacks the operators that the repair needs")
	errNoReshape = errors.New("no Reshape follows its Transpose")
)

// Repair rewrites the faulty layers and returns what it changed. Other layers, those with the verdict
// CannotTell included, stay as they are. After an error the graph may be partly changed.
func (g *Graph) Repair(m Method) ([]Change, error) {
	faulty := slices.DeleteFunc(g.Layers(), func(l Layer) bool { return l.Verdict != Faulty })
	var changes []Change
	for _, l := range faulty {
		used := m
		var err error
		switch m {
		case Phases:
			used, err = g.even(l)
		case Hold:
			err = g.averagePhases(l)
		}
		if err != nil {
			return nil, fmt.Errorf("layer %q: %w", l.Name, err)
		}
		changes = append(changes, Change{l.Name, used})
	}
	if m == Notch && len(faulty) > 0 {
		if err := g.notch(); err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// averagePhases repairs a layer by Hold. At the border the mean is over the pixels that exist.
func (g *Graph) averagePhases(l Layer) error {
	if g.opset < 7 {
		return errOldOpset
	}
	last, err := g.pixelsOf(l.node)
	if err != nil {
		return err
	}
	output, uneven := g.divert(last)
	var pads []int
	for _, s := range l.Stride {
		pads = append(pads, (s-1)/2)
	}
	for _, s := range l.Stride {
		pads = append(pads, s/2)
	}
	g.insertAfter(last, onnx.Node{
		Name: last.title() + ".hold", Op: "AveragePool", Inputs: []string{uneven}, Outputs: []string{output},
		Attributes: [][]byte{onnx.IntsAttribute("kernel_shape", l.Stride), onnx.IntsAttribute("pads", pads)},
	})
	return nil
}

// even repairs a layer by Phases, or else by Hold, and returns which.
func (g *Graph) even(l Layer) (Method, error) {
	attempt := g.evenShuffled
	if l.node.op == "ConvTranspose" {
		attempt = g.evenTransposed
	}
	done, err := attempt(l)
	if err != nil || done {
		return Phases, err
	}
	return Hold, g.averagePhases(l)
}

// evenTransposed gives the phases of a ConvTranspose equal sums. It reports false if a phase has no
// weights.
func (g *Graph) evenTransposed(l Layer) (bool, error) {
	w, err := g.constant(l.node.inputs[1])
	if err != nil {
		return false, err
	}
	d, err := l.node.deconvolution(w)
	if err != nil {
		return false, err
	}
	phases := d.taps()
	if slices.ContainsFunc(phases, func(taps []int) bool { return len(taps) == 0 }) {
		return false, nil
	}
	for kernel := range slices.Chunk(w.values, area(w.dims[2:])) {
		target := sum(kernel) / float64(len(phases))
		for _, taps := range phases {
			sumTo(w.element, kernel, taps, target)
		}
	}
	g.replaceWeights(l.node, 1, w)
	return true, nil
}

// evenShuffled gives the phases of a depth-to-space equal sums, in the weights of the convolution
// before it. It reports false if something else reads the output of that convolution.
func (g *Graph) evenShuffled(l Layer) (bool, error) {
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
	phases := area(l.Stride)
	outputs := w.dims[0] / phases
	channels := make([]int, phases) // of one output
	for o := range outputs {
		for p := range phases {
			channels[p] = phaseChannel(o, p, outputs, phases, l.node.columnsFirst())
		}
		w.evenChannels(channels)
		if bias != nil {
			bias.averageOver(channels)
		}
	}
	g.replaceWeights(l.conv, 1, w)
	if bias != nil {
		g.replaceWeights(l.conv, 2, bias)
	}
	return true, nil
}

// evenChannels gives the kernels of some output channels equal sums, for each input channel. w is the
// weight [outputs, inputs, kernel...] of a convolution.
func (w *tensor) evenChannels(channels []int) {
	inputs, size := w.dims[1], area(w.dims[2:])
	all := make([]int, size)
	for t := range all {
		all[t] = t
	}
	for i := range inputs {
		kernel := func(c int) []float64 { return w.values[(c*inputs+i)*size:][:size] }
		target := 0.0
		for _, c := range channels {
			target += sum(kernel(c)) / float64(len(channels))
		}
		for _, c := range channels {
			sumTo(w.element, kernel(c), all, target)
		}
	}
}

// averageOver sets some values to their mean.
func (w *tensor) averageOver(places []int) {
	mean := 0.0
	for _, i := range places {
		mean += w.values[i] / float64(len(places))
	}
	for _, i := range places {
		w.values[i] = mean
	}
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// sumTo adds one number to all taps of a kernel so that, after rounding to the element type, they sum
// to target. Rounding goes from the largest tap to the smallest: the last one takes the remainder,
// because its steps are the finest.
func sumTo(element onnx.ElementType, kernel []float64, taps []int, target float64) {
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
		kernel[t], _ = rounded(element, v)
		left -= kernel[t]
	}
}
