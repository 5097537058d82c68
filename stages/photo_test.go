package stages

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"
)

// A photo is the content of a photograph, upright, with 16 bits per sample.
type photo struct {
	width, height int
	samples       []uint16 // RGBA
}

// deepPhoto is a photo. With deep, its samples do not fit into 8 bits. With alpha, it has
// transparent, opaque and translucent pixels, all of them with colour.
func deepPhoto(width, height int, deep, alpha bool) photo {
	p := photo{width: width, height: height}
	for i, v := range textured(width, height, 4, 11).Data {
		s := uint16(v) * 257
		switch {
		case i%4 == 3 && !alpha:
			s = 65535
		case i%4 == 3:
			s = []uint16{0, 65535, s}[i/4%3]
		case deep:
			s = s&^0xff | uint16(i*37%256)
		}
		p.samples = append(p.samples, s)
	}
	return p
}

// shown returns the content of a file. libvips converts it to PNG, and Go reads that.
func shown(t testing.TB, file []byte) photo {
	t.Helper()
	img := decoded(t, file, nil)
	var out bytes.Buffer
	err := withPictures(func(s *scope) error {
		p := img.original.whole(s, img.Width, img.Height, true, true)
		return p.save(".png[compression=1]", nil, nil, nil, func(f []byte) error {
			out.Write(f)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return photoOf(t, out.Bytes())
}

func photoOf(t testing.TB, file []byte) photo {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	p := photo{width: img.Bounds().Dx(), height: img.Bounds().Dy()}
	for y := range p.height {
		for x := range p.width {
			c := color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
			if n, ok := img.(*image.NRGBA); ok { // not through premultiplied colours
				q := n.NRGBAAt(x, y)
				c = color.NRGBA64{uint16(q.R) * 257, uint16(q.G) * 257, uint16(q.B) * 257, uint16(q.A) * 257}
			}
			p.samples = append(p.samples, c.R, c.G, c.B, c.A)
		}
	}
	return p
}

// lying is the photo that a camera stores with orientation o.
func (p photo) lying(o int) photo {
	bytes := Pixels{Width: p.width, Height: p.height, Bands: 8}
	for _, v := range p.samples {
		bytes.Data = binary.LittleEndian.AppendUint16(bytes.Data, v)
	}
	bytes = lying(bytes, o)
	q := photo{width: bytes.Width, height: bytes.Height}
	for i := 0; i < len(bytes.Data); i += 2 {
		q.samples = append(q.samples, binary.LittleEndian.Uint16(bytes.Data[i:]))
	}
	return q
}

// file is the photo as PNG or TIFF of 8 or 16 bits.
func (p photo) file(t testing.TB, format Format, o int, deep, alpha bool, profile []byte) []byte {
	t.Helper()
	p = p.lying(o)
	bands := 3
	if alpha {
		bands = 4
	}
	if format == TIFF {
		var data []byte
		bits := uint16(8)
		for i, v := range p.samples {
			switch {
			case i%4 >= bands:
			case deep:
				bits = 16
				data = binary.LittleEndian.AppendUint16(data, v)
			default:
				data = append(data, byte(v>>8))
			}
		}
		tags := []tag{{274, 3, 1, uint32(o), nil}}
		if alpha {
			tags = append(tags, tag{338, 3, 1, 2, nil})
		}
		if profile != nil {
			tags = append(tags, tag{34675, 7, uint32(len(profile)), 0, profile})
		}
		return tiffOf(p.width, p.height, bits, uint16(bands), 2, data, tags...)
	}
	var img image.Image
	if deep {
		m := image.NewNRGBA64(image.Rect(0, 0, p.width, p.height))
		for i, v := range p.samples {
			binary.BigEndian.PutUint16(m.Pix[2*i:], v)
		}
		img = m
	} else {
		m := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
		for i, v := range p.samples {
			m.Pix[i] = byte(v >> 8)
		}
		img = m
	}
	file := withChunk(pngOf(t, img), "eXIf", exif(o, nil))
	if profile != nil {
		file = withPNGProfile(file, profile)
	}
	return file
}

func (p photo) equals(q photo) bool {
	return p.width == q.width && p.height == q.height && slices.Equal(p.samples, q.samples)
}
