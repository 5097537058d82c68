package stages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
)

// Instances returns the stage that reads the instance map of each label map: the PNG in a folder at the same
// relative path, whatever the suffix of the label map. The digest of the file then stands for both.
func Instances(folder string, o OpenOptions) func(context.Context, File) (File, error) {
	o.OwnToo = true
	open := Open(o)
	return func(ctx context.Context, f File) (File, error) {
		if f.Source.Relative == "" {
			return f, errors.New("an image on standard input has no instance map")
		}
		name := strings.TrimSuffix(f.Source.Relative, filepath.Ext(f.Source.Relative)) + ".png"
		path := filepath.Join(folder, name)
		m, err := open(ctx, Source{In: path})
		switch {
		case err != nil:
		case m.Format != PNG:
			err = errors.New("not a PNG")
		case m.Width != f.Width || m.Height != f.Height:
			err = fmt.Errorf("%d×%d, but the label map is %d×%d", m.Width, m.Height, f.Width, f.Height)
		}
		if err != nil {
			return f, fmt.Errorf("instance map %q: %w", path, err)
		}
		f.instances = m.Data
		f.Digest = fmt.Sprintf("%x", sha256.Sum256([]byte(f.Digest+" "+m.Digest)))
		return f, nil
	}
}

// maxInstances is how many objects have a colour of their own in 8-bit RGB.
const maxInstances = 1 << 24

// instances brings an instance map to the network's shape in the same way as the label map.
func (f Fit) instances(img Image, data []byte) (Pixels, error) {
	ids, err := numbered(data)
	if err != nil {
		return Pixels{}, fmt.Errorf("instance map: %w", err)
	}
	resized, err := f.resize(Image{Width: img.Width, Height: img.Height, Pixels: ids})
	return resized.Pixels, err
}

// numbered decodes an instance map and gives each of its colours another one, which has 8 bits per sample. The
// maps of Cityscapes have 16 bits, and two objects may differ only in the lowest ones. libvips is not used for
// this, because it would convert the colours.
func numbered(data []byte) (Pixels, error) {
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Pixels{}, err
	}
	m, ok := decoded.(image.RGBA64Image)
	if !ok {
		return Pixels{}, errDecode
	}
	size := m.Bounds().Size()
	p := Pixels{Width: size.X, Height: size.Y, Bands: 3, Data: make([]byte, 0, 3*size.X*size.Y)}
	known := map[color.RGBA64]int{}
	last, id := color.RGBA64{}, -1
	for y := range size.Y {
		for x := range size.X {
			if c := m.RGBA64At(x, y); c != last || id < 0 {
				if id, ok = known[c]; !ok {
					id = len(known)
					known[c] = id
				}
				last = c
			}
			p.Data = append(p.Data, byte(id>>16), byte(id>>8), byte(id))
		}
	}
	if len(known) > maxInstances {
		return Pixels{}, fmt.Errorf("%d colours are more than %d", len(known), maxInstances)
	}
	return p, nil
}
