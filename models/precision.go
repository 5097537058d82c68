package models

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/cpu"
)

const (
	precisionAuto = "auto"
	precisionF32  = "f32"
	precisionBF16 = "bf16"
)

// A PrecisionError says why a network does not compute in the precision that was asked for.
type PrecisionError struct {
	Precision string
	Reason    string
}

func (e *PrecisionError) Error() string {
	return fmt.Sprintf("precision %s: %s", e.Precision, e.Reason)
}

// ErrUnproven says that no golden case of a model covers a request, so nothing shows that a lower precision
// is good enough.
var ErrUnproven = errors.New("no golden case of the model shows that it works in bf16")

func parsePrecision(text string) (string, error) {
	switch text {
	case "":
		return precisionAuto, nil
	case precisionAuto, precisionF32, precisionBF16:
		return text, nil
	}
	return "", &PrecisionError{Precision: strconv.Quote(text), Reason: "not one of auto, f32, bf16"}
}

// computesBF16 tells whether the processor has instructions for bfloat16. Without them OpenVINO would
// convert back and forth, and be slower than in float32. Tests replace it.
var computesBF16 = func() bool { return cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16 }
