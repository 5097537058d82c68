package stages

import "math"

// A Fit says how a picture is brought to a network's shape.
type Fit struct {
	Shape Shape
	// Mode is stretch (the default: to that aspect), crop (the middle of the
	// picture, of that aspect) or pad (all of it, with its edges repeated around).
	Mode string
	// Filter is lanczos (the default), bicubic, bilinear or nearest.
	Filter string
}

// Decoding is the shape that Decode may shrink a picture to beforehand: none where
// the samples must not be mixed.
func (f Fit) Decoding() Shape {
	switch {
	case f.Filter == "nearest":
		return nil
	case f.Mode != "crop":
		return f.Shape
	}
	// What is cut away does not count: the rest has to be large enough.
	return func(width, height int) (int, int) {
		wide, high := f.Shape(width, height)
		scale := max(float64(wide)/float64(width), float64(high)/float64(height))
		return int(math.Ceil(scale * float64(width))), int(math.Ceil(scale * float64(height)))
	}
}

// A rectangle is a part of a picture; the zero one is all of it.
type rectangle struct{ x, y, width, height int }

// bring makes the picture of the shape.
func (f Fit) bring(img Image) (Image, error) {
	wide, high := f.Shape(img.Width, img.Height)
	pixels := img.Pixels
	inner := rectangle{width: wide, height: high}
	switch f.Mode {
	case "crop":
		img.crop = middle(img.Width, img.Height, wide, high)
		x, y := float64(pixels.Width)/float64(img.Width), float64(pixels.Height)/float64(img.Height)
		pixels = pixels.part(img.crop.scaled(x, y, pixels.Width, pixels.Height))
		img.Width, img.Height = img.crop.width, img.crop.height
	case "pad":
		inner = within(img.Width, img.Height, wide, high)
	}
	pixels, err := pixels.resizedBy(f.Filter, inner.width, inner.height)
	if err != nil {
		return Image{}, err
	}
	img.Pixels, img.Alpha = pixels.split()
	if inner.width < wide || inner.height < high {
		img.inner = inner
		img.Pixels = img.Pixels.padded(inner, wide, high)
	}
	return img, nil
}

// middle is the largest part in the middle of a picture that has the aspect of
// wide × high.
func middle(width, height, wide, high int) rectangle {
	r := rectangle{width: width, height: height}
	if width*high > height*wide {
		r.width = max(1, (height*wide+high/2)/high)
		r.x = (width - r.width) / 2
	} else {
		r.height = max(1, (width*high+wide/2)/wide)
		r.y = (height - r.height) / 2
	}
	return r
}

// within is where a picture lies, in the middle of wide × high, as large as it can.
func within(width, height, wide, high int) rectangle {
	r := rectangle{width: wide, height: high}
	if width*high > height*wide {
		r.height = min(high, max(1, (height*wide+width/2)/width))
		r.y = (high - r.height) / 2
	} else {
		r.width = min(wide, max(1, (width*high+height/2)/height))
		r.x = (wide - r.width) / 2
	}
	return r
}

// scaled is the same part of a picture of another size, width × height.
func (r rectangle) scaled(x, y float64, width, height int) rectangle {
	along := func(from, size, limit int, scale float64) (int, int) {
		first := min(int(math.Round(float64(from)*scale)), limit-1)
		last := min(max(int(math.Round(float64(from+size)*scale)), first+1), limit)
		return first, last - first
	}
	var out rectangle
	out.x, out.width = along(r.x, r.width, width, x)
	out.y, out.height = along(r.y, r.height, height, y)
	return out
}

// part copies a part of a picture; the picture itself if it is all of it.
func (p Pixels) part(r rectangle) Pixels {
	if r == (rectangle{}) || r.width == p.Width && r.height == p.Height {
		return p
	}
	out := Pixels{Width: r.width, Height: r.height, Bands: p.Bands}
	for y := r.y; y < r.y+r.height; y++ {
		out.Data = append(out.Data, p.Data[(y*p.Width+r.x)*p.Bands:][:r.width*p.Bands]...)
	}
	return out
}

// padded puts a picture into a larger one, with its edges repeated around it.
func (p Pixels) padded(at rectangle, width, height int) Pixels {
	out := Pixels{Width: width, Height: height, Bands: p.Bands, Data: make([]byte, 0, width*height*p.Bands)}
	for y := range height {
		line := p.Data[min(max(y-at.y, 0), p.Height-1)*p.Width*p.Bands:][:p.Width*p.Bands]
		for x := range width {
			from := min(max(x-at.x, 0), p.Width-1) * p.Bands
			out.Data = append(out.Data, line[from:from+p.Bands]...)
		}
	}
	return out
}

// unpad takes away what was put around a picture, from it and from its results.
func (t *Translated) unpad() {
	if t.inner == (rectangle{}) {
		return
	}
	trim := func(p Pixels) Pixels {
		x, y := float64(p.Width)/float64(t.Pixels.Width), float64(p.Height)/float64(t.Pixels.Height)
		return p.part(t.inner.scaled(x, y, p.Width, p.Height))
	}
	t.Result = trim(t.Result)
	for i, p := range t.More {
		t.More[i] = trim(p)
	}
	t.Pixels = t.Pixels.part(t.inner)
	t.inner = rectangle{}
}
