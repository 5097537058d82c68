package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
)

// A file is an image file that gtx reads.
type file struct {
	name string
	data []byte
}

// sample makes the i-th image of a world: a small one, as JPEG, PNG or GIF, some of them in a folder of
// their own. The same i always gives the same bytes.
func sample(i int) file {
	img := noise(32+i%5, 32+i%3, uint64(i))
	name := fmt.Sprintf("%04d", i)
	if i%4 == 3 {
		name = "folder/" + name
	}
	var b bytes.Buffer
	var err error
	switch i % 3 {
	case 0:
		name += ".jpg"
		err = jpeg.Encode(&b, img, nil)
	case 1:
		name += ".png"
		err = png.Encode(&b, img)
	default:
		name += ".gif"
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return file{name, b.Bytes()}
}

// noise makes an opaque image of soft random colours.
func noise(width, height int, seed uint64) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, color.RGBA{uint8(4*x + r.IntN(40)), uint8(4*y + r.IntN(40)), uint8(90 + r.IntN(40)), 255})
		}
	}
	return img
}
