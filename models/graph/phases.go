package graph

import (
	"errors"
	"math"
	"slices"
)

var errShape = errors.New("of a shape that contradicts its attributes")

// A deconvolution is a ConvTranspose with its weights [inputs, outputs, kernel...].
type deconvolution struct {
	*tensor
	stride, dilation []int
}

// deconvolution joins a ConvTranspose and its weights, whose shape it checks.
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

// taps returns, for each phase, the positions in a kernel whose weights contribute to it. Positions
// count row by row.
func (d *deconvolution) taps() [][]int {
	phases := make([][]int, area(d.stride))
	for t := range area(d.dims[2:]) {
		phase, unit, rest := 0, 1, t
		for i := len(d.stride) - 1; i >= 0; i-- {
			k := d.dims[i+2]
			phase += rest % k * d.dilation[i] % d.stride[i] * unit
			unit *= d.stride[i]
			rest /= k
		}
		phases[phase] = append(phases[phase], t)
	}
	return phases
}

// area is the product of sides.
func area(sides []int) int {
	n := 1
	for _, s := range sides {
		n *= s
	}
	return n
}

// sums are the sums of a kernel's weights: for each pair of channels one for each phase.
type sums struct {
	phases int
	values []float64
}

func (d *deconvolution) sums() *sums {
	phases := d.taps()
	s := &sums{phases: len(phases)}
	for kernel := range slices.Chunk(d.values, area(d.dims[2:])) {
		for _, taps := range phases {
			sum := 0.0
			for _, t := range taps {
				sum += kernel[t]
			}
			s.values = append(s.values, sum)
		}
	}
	return s
}

// imbalance is what Layer.Imbalance describes.
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

// A shuffleOrder is the order of channels in a depth-to-space that an exporter wrote as Reshape,
// Transpose, Reshape.
type shuffleOrder int

const (
	notAShuffle shuffleOrder = iota
	orderCRD                 // the phases of one output channel are neighbours
	orderDCR                 // the output channels of one phase are neighbours
)

// shuffleOrder recognises the Transpose of such a depth-to-space by its permutation of six axes.
func (n *node) shuffleOrder() shuffleOrder {
	if n.op != "Transpose" {
		return notAShuffle
	}
	switch perm := n.attributes["perm"].ints; {
	case slices.Equal(perm, []int{0, 1, 4, 2, 5, 3}):
		return orderCRD
	case slices.Equal(perm, []int{0, 3, 4, 1, 5, 2}):
		return orderDCR
	}
	return notAShuffle
}

// columnsFirst reports whether a depth-to-space has the order CRD, in either form.
func (n *node) columnsFirst() bool {
	return n.shuffleOrder() == orderCRD || n.attributes["mode"].text == "CRD"
}

// blockSizeIn returns s of a shape [n, c, s, s, h, w] (CRD) or [n, s, s, c, h, w] (DCR), or 0 if the
// shape is another.
func blockSizeIn(shape []float64, columnsFirst bool) int {
	at := 1
	if columnsFirst {
		at = 2
	}
	if len(shape) != 6 || shape[at] != shape[at+1] || shape[at] < 2 || shape[at] > 64 {
		return 0
	}
	return int(shape[at])
}

// phaseChannel returns the channel before a depth-to-space that becomes one phase of an output channel.
func phaseChannel(output, phase, outputs, phases int, columnsFirst bool) int {
	if columnsFirst {
		return output*phases + phase
	}
	return phase*outputs + output
}

// shuffleSums returns the sums of a convolution [outputs × phases, inputs, kernel...] before a
// depth-to-space. bias may be nil.
func shuffleSums(w, bias *tensor, phases int, columnsFirst bool) *sums {
	inputs, taps, outputs := w.dims[1], area(w.dims[2:]), w.dims[0]/phases
	s := &sums{phases: phases}
	for o := range outputs {
		for i := range inputs {
			for p := range phases {
				total := 0.0
				for _, v := range w.values[(phaseChannel(o, p, outputs, phases, columnsFirst)*inputs+i)*taps:][:taps] {
					total += v
				}
				s.values = append(s.values, total)
			}
		}
		for p := range phases {
			if bias != nil {
				s.values = append(s.values, bias.values[phaseChannel(o, p, outputs, phases, columnsFirst)])
			}
		}
	}
	return s
}
