package models

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// tooNew is how ONNX Runtime says that it does not know an operator set, behind a C++ signature.
var tooNew = regexp.MustCompile(`Opset (\d+) is under development.* support for domain (\S+) is till opset (\d+)`)

// explain says in plain words why ONNX Runtime refused a network, where that is known.
func explain(err error) error {
	if m := tooNew.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("the network needs opset %s of %s; this ONNX Runtime knows them up to %s", m[1], m[2], m[3])
	}
	if strings.Contains(err.Error(), "fallback to CPU EP has been explicitly disabled") {
		return errors.New("it does not know all operators of the network")
	}
	return err
}
