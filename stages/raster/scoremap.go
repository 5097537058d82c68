package raster

import (
	"bytes"
	"image"
	"image/png"
)

const (
	// mapTile is the side of a tile in pixels.
	mapTile = 32
	// mapFull is the amplitude that gets full red, in grey levels.
	mapFull = 2
)

// ScoreMap returns a PNG of the image in grey. A tile is redder if its pattern is stronger.
// Tiles below flagAlone, and those too narrow to measure, stay grey.
func (p Pixels) ScoreMap() ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for top := 0; top < p.Height; top += mapTile {
		for left := 0; left < p.Width; left += mapTile {
			red := 0.0
			part := Rectangle{left, top, min(mapTile+2, p.Width-left), min(mapTile+2, p.Height-top)}
			if min(part.Width, part.Height) >= mapTile/2 {
				l := latticeOf(p, part)
				a := max(l.amplitude(2), l.amplitude(4), l.amplitude(8))
				red = max(0, min(1, (a-flagAlone)/(mapFull-flagAlone)))
			}
			for y := top; y < min(top+mapTile, p.Height); y++ {
				for x := left; x < min(left+mapTile, p.Width); x++ {
					px := p.At(x, y)
					grey := (77*float64(px[0]) + 150*float64(px[1]) + 29*float64(px[2])) / 256
					to := img.Pix[img.PixOffset(x, y):][:4]
					to[0] = byte(grey + red*(255-grey)*0.7)
					to[1], to[2], to[3] = byte(grey*(1-0.7*red)), byte(grey*(1-0.7*red)), 255
				}
			}
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
