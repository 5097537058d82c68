package models

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"gtx/models/manifest"
)

// A prepared graph is ready to run on inputs of all shapes, or of given ones. OpenVINO needs three quarters of the
// time if it knows the shapes, and rounds a little differently. So only the shapes of a call's inputs, and not
// earlier calls, decide which of the two it uses.
type prepared struct {
	*ort.DynamicAdvancedSession
	once sync.Once
	err  error
}

// prepare makes each graph ready for all shapes.
func (n *sessions) prepare() error {
	for _, s := range n.byGraph {
		if _, err := s.prepare(""); err != nil {
			return errors.Join(err, n.destroy())
		}
	}
	return nil
}

// commonSizes returns a function that tells whether photographs of a common aspect enter a model at a size.
func commonSizes(m *manifest.Manifest) func(width, height int) bool {
	in := m.Image()
	if !m.Translates() {
		in = m.Classified()
	}
	if in == nil { // it makes images of noise, all of one size
		return func(int, int) bool { return true }
	}
	common := map[[2]int]bool{}
	for _, aspect := range [][2]int{{1, 1}, {5, 4}, {4, 3}, {3, 2}, {16, 9}} {
		for _, size := range [][2]int{aspect, {aspect[1], aspect[0]}} {
			const unit = 360 // about a megapixel
			width, height := in.Size.Shape(unit*size[0], unit*size[1])
			common[[2]int{width, height}] = true
		}
	}
	return func(width, height int) bool { return common[[2]int{width, height}] }
}

// prepare makes the graph ready for shapes, the first time. Calls that need the same shapes wait for it together.
func (s *session) prepare(shapes string) (*prepared, error) {
	s.mu.Lock()
	n := s.prepared[shapes]
	if n == nil {
		n = &prepared{}
		s.prepared[shapes] = n
	}
	s.mu.Unlock()
	n.once.Do(func() {
		if n.DynamicAdvancedSession, n.err = s.open(shapes); n.err != nil {
			n.err = explain(n.err)
		}
	})
	return n, n.err
}

// preparedFor returns the graph to run inputs on: prepared for their shapes if fixed is set and that works, else for
// all shapes.
func (s *session) preparedFor(inputs []tensor, fixed bool) (*prepared, error) {
	if fixed {
		if n, err := s.prepare(s.shapesOf(inputs)); err == nil {
			return n, nil
		}
	}
	return s.prepare("")
}

// shapesOf writes the shapes of inputs as OpenVINO wants them: image[1,256,192,3],code[1].
func (s *session) shapesOf(inputs []tensor) string {
	shapes := make([]string, len(inputs))
	for i, t := range inputs {
		sides := make([]string, len(t.shape))
		for k, side := range t.shape {
			sides[k] = strconv.FormatInt(side, 10)
		}
		shapes[i] = s.takes[i] + "[" + strings.Join(sides, ",") + "]"
	}
	return strings.Join(shapes, ",")
}

// newSession opens a session of ONNX Runtime for inputs of the given shapes, or for all if shapes is empty.
func newSession(p program, t target, shapes, profile string) (net *ort.DynamicAdvancedSession, err error) {
	err = quietly(func() error {
		options, err := sessionOptions(t, shapes)
		if err != nil {
			return err
		}
		defer options.Destroy()
		if profile != "" {
			if err := options.EnableProfiling(profile + "-" + p.graph); err != nil {
				return err
			}
		}
		net, err = ort.NewDynamicAdvancedSessionWithONNXData(p.onnx, p.takes, p.gives, options)
		return err
	})
	return net, err
}
