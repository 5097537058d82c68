package models

import (
	"fmt"
	"regexp"
)

// tooNew matches the message of ONNX Runtime for an operator set that it does not know.
var tooNew = regexp.MustCompile(`Opset (\d+) is under development.* support for domain (\S+) is till opset (\d+)`)

// explain puts an error of ONNX Runtime about a network into plain words, if it knows the error.
func explain(err error) error {
	if m := tooNew.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("the network needs opset %s of %s; this ONNX Runtime knows opsets up to %s", m[1], m[2], m[3])
	}
	return err
}
