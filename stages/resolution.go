package stages

/*
#include <stdlib.h>
#include "isolate.h"
*/
import "C"

import "unsafe"

// A resolution is the size at which a photograph is meant to be printed.
type resolution struct {
	x, y float64 // pixels per millimetre; 0: unknown
	unit string  // "in" or "cm" for the unit that the file states it in, or ""
}

func (p picture) resolution() resolution {
	r := resolution{x: float64(p.image.Xres), y: float64(p.image.Yres)}
	if unit := C.gtx_resolution_unit(p.image); unit != nil {
		r.unit = C.GoString(unit)
	}
	return r
}

// resolve gives a picture a resolution.
func (p *picture) resolve(r resolution) {
	if p.image == nil || r.x <= 0 || r.y <= 0 {
		return
	}
	var unit *C.char
	if r.unit != "" {
		unit = C.CString(r.unit)
		defer C.free(unsafe.Pointer(unit))
	}
	p.become(C.gtx_with_resolution(p.image, C.double(r.x), C.double(r.y), unit))
}
