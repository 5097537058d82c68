package stages

import "gtx/stages/raster"

// A change is what a network did to an image. If maps is empty it is the difference more − less, pixel by pixel.
type change struct {
	maps       raster.Maps
	less, more Pixels
}

// affineChange is the change from small to result. Both, and the layers, are of one size.
func affineChange(small, result Pixels, layers *Layers) *change {
	if layers == nil {
		return &change{maps: raster.FitAffine(small, result, result, nil)}
	}
	return &change{maps: raster.FitAffine(small, layers.Beneath, result, layers.Opacity)}
}

// laplacianChange is the change from small to result by the Laplacian method.
func laplacianChange(small, result Pixels) *change {
	return &change{maps: raster.FitLaplacian(small, result)}
}
