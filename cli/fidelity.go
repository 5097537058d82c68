package cli

import (
	"cmp"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/models/manifest"
	"gtx/stages"
)

// fidelityFlags are the options that say how much of the source survives in its translation.
func fidelityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "size", Category: manual.Appearance, Usage: "`SIZE` of the result: source, model (as the network gave it), N (pixels of the longer side) or WxH; default: source, unless the manifest says otherwise"},
		&cli.StringFlag{Name: "detail", Category: manual.Appearance, Value: "auto", Usage: "`METHOD` that carries the translation over to the photograph's full detail: affine (auto), laplacian or none"},
		&cli.BoolFlag{Name: "tile", Category: manual.Appearance, Usage: "give the network every pixel of the photograph, in tiles; the model must allow it"},
		&cli.BoolFlag{Name: "keep-profile", Category: manual.Appearance, Usage: "write colours in the source's own profile instead of sRGB"},
		&cli.BoolFlag{Name: "strip", Category: manual.Appearance, Usage: "leave out the source's Exif, XMP and IPTC data"},
		&cli.BoolFlag{Name: "strip-gps", Category: manual.Appearance, Usage: "leave out the position where the source was taken, including place names, in Exif, XMP and IPTC data"},
	}
}

// fidelity holds the values of fidelityFlags, checked against a model.
type fidelity struct {
	sizing      string // size in words, for the identity
	size        stages.Size
	detail      stages.Method
	tiles       *tiles // nil: the network gets the whole image, resized
	keepProfile bool
	strip       bool
	stripGPS    bool
}

// tiles are squares of an image at full size that overlap by a halo, both in pixels.
type tiles struct{ side, halo int }

func fidelityOf(c *cli.Context, m *manifest.Manifest) (f fidelity, err error) {
	f.keepProfile, f.strip, f.stripGPS = c.Bool("keep-profile"), c.Bool("strip"), c.Bool("strip-gps")
	f.sizing = c.String("size")
	if f.sizing == "" && m.Image().Size.Restore == "none" {
		f.sizing = "model"
	}
	f.sizing = cmp.Or(f.sizing, "source")
	if f.size, err = stages.ParseSize(f.sizing); err != nil {
		return f, exit.Usage("--size %w", err)
	}
	if f.detail, err = detailOf(c, m); err != nil {
		return f, err
	}
	if c.Bool("tile") {
		f.tiles, err = tilesOf(m)
	}
	return f, err
}

// detailOf reads --detail.
func detailOf(c *cli.Context, m *manifest.Manifest) (stages.Method, error) {
	const auto stages.Method = "auto"
	method, err := oneOf(c, "detail", append([]stages.Method{auto}, stages.Methods...)...)
	switch {
	case err != nil:
		return "", err
	case m.Image().LabelMap != nil:
		return stages.Plain, nil // a label map shows no detail to carry over
	case method == auto:
		return stages.Methods[0], nil
	}
	return method, nil
}

// tilesOf refuses models whose manifest does not allow tiles.
func tilesOf(m *manifest.Manifest) (*tiles, error) {
	if !m.Tiling.Allowed {
		return nil, exit.Usage("--tile: the manifest of %s does not allow it: a network that normalises over the whole image gives each tile other colours", m.Name)
	}
	wide, high := m.Image().Size.Nominal()
	t := &tiles{side: min(wide, high), halo: m.Tiling.Halo}
	if _, err := stages.Tiled(nil, t.side, t.halo); err != nil {
		return nil, exit.Usage("--tile: %w", err)
	}
	return t, nil
}

// fit says how images are brought to the network's shape. Tiles need no resizing.
func (f fidelity) fit(m *manifest.Manifest) stages.Fit {
	if f.tiles != nil {
		return stages.Fit{Shape: func(width, height int) (int, int) { return width, height }}
	}
	return fitOf(m.Image())
}

// network returns n, in tiles if the user wants them.
func (f fidelity) network(n stages.Network) (stages.Network, error) {
	if f.tiles == nil {
		return n, nil
	}
	return stages.Tiled(n, f.tiles.side, f.tiles.halo)
}

func (f fidelity) detailOptions() stages.DetailOptions {
	return stages.DetailOptions{Size: f.size, Method: f.detail, Keep: f.keepProfile}
}

// parameters are what fidelity adds to the identity of a result.
func (f fidelity) parameters() []stages.Property {
	position := strconv.FormatBool(f.stripGPS)
	if f.stripGPS {
		position = "places" // results marked "true" may still hold names of places
	}
	return []stages.Property{
		{Name: "size", Value: f.sizing},
		{Name: "detail", Value: string(f.detail)},
		{Name: "tile", Value: strconv.FormatBool(f.tiles != nil)},
		{Name: "keepProfile", Value: strconv.FormatBool(f.keepProfile)},
		{Name: "strip", Value: strconv.FormatBool(f.strip)},
		{Name: "stripGPS", Value: position},
	}
}
