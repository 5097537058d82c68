package raster

// #include "affine.h"
import "C"

// The affine method: in each small window an affine map of the colours, result ≈ A·source + b,
// is fitted to the change. The maps are smoothed and interpolated, so the look comes from the
// network and the detail from the photograph, without halos or seams. This is guided filtering
// with a colour guide on a coarse grid (He & Sun, Fast Guided Filter, 2015), with two changes. In
// a window too flat to determine A, A tends to the identity instead of zero: fine texture stays,
// and a network that changes nothing gives back the photograph itself. Texture that
// the network added, the part of the result that the maps do not explain, is added to b.
//
// Where the network lays a cover over the image, the maps are fitted to what lies beneath, and
// then scaled by 1 − opacity: the photograph's detail shows through no more than the network
// lets it.
const (
	// affineRadius is half the side of a window, in pixels of the network: 5×5.
	affineRadius = 2
	// affineFlat is the variance, in squared grey levels, at which a window is halfway between
	// a map of its own and the identity.
	affineFlat = 65
)

// FitAffine fits maps to the change from small to result in the window around each pixel. All are RGB of one size. If
// the result is (1 − opacity)·beneath + opacity·cover, opacity has one byte per pixel. Otherwise it is nil, and beneath
// is the result.
func FitAffine(small, beneath, result Pixels, opacity []byte) Maps {
	m := newMaps(small)
	var cover *C.uchar
	if opacity != nil {
		cover = (*C.uchar)(&opacity[0])
	}
	done := C.gtx_fit((*C.uchar)(&small.Data[0]), (*C.uchar)(&beneath.Data[0]), (*C.uchar)(&result.Data[0]), cover,
		C.long(small.Width), C.long(small.Height), affineRadius, affineFlat, (*C.float)(&m.Values[0]))
	if done == 0 {
		panic(errMemory)
	}
	return m
}

// BoxMean replaces each value by the mean over the (2r+1)² window around it, clipped at the borders.
// The channels of a pixel, at most 64, lie side by side.
func BoxMean(values []float32, width, height, channels, r int) {
	if C.gtx_box_mean((*C.float)(&values[0]), C.long(width), C.long(height), C.long(channels), C.long(r)) == 0 {
		panic(errMemory)
	}
}

const errMemory = "out of memory"
