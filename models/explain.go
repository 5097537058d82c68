package models

import (
	"fmt"
	"regexp"
)

// tooNew matches ONNX Runtime's message about an operator set that it does not know. A C++ signature
// precedes it.
var tooNew = regexp.MustCompile(`Opset (\d+) is under development.* support for domain (\S+) is till opset (\d+)`)

// explain says in plain words why ONNX Runtime refused a network. It returns other errors unchanged.
func explain(err error) error {
	if m := tooNew.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("the network needs opset %s of %s; this ONNX Runtime knows opsets up to %s", m[1], m[2], m[3])
	}
	return err
}
