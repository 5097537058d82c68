package cli

import (
	"cmp"
	"strconv"

	"github.com/urfave/cli/v2"

	"gtx/stages"
)

// photographFlags say what of a photograph goes into its translation.
func photographFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "size", Usage: "`SIZE` of the result: source, model, N (pixels of the longer side) or WxH; default: source, unless the model says otherwise", EnvVars: option("size")},
		&cli.StringFlag{Name: "detail", Value: "auto", Usage: "`METHOD` by which a result larger than the network's gets the photograph's detail: affine (auto), laplacian or none", EnvVars: option("detail")},
		&cli.BoolFlag{Name: "tile", Usage: "show the network all of the photograph's pixels, in tiles, if the model allows it", EnvVars: option("tile")},
		&cli.BoolFlag{Name: "keep-profile", Usage: "write the colours of the source's own profile, not sRGB", EnvVars: option("keep-profile")},
		&cli.BoolFlag{Name: "strip", Usage: "leave out the source's Exif data, XMP and IPTC", EnvVars: option("strip")},
		&cli.BoolFlag{Name: "strip-gps", Usage: "leave out where the source was taken", EnvVars: option("strip-gps")},
	}
}

// photograph reads them.
func (t *translation) photograph(c *cli.Context) error {
	sizing := cmp.Or(c.String("size"), "source")
	if c.String("size") == "" && t.model.Manifest.Image().Size.Restore == "none" {
		sizing = "model"
	}
	size, err := stages.ParseSize(sizing)
	if err != nil {
		return usage("--size %w", err)
	}
	const auto stages.Method = "auto"
	detail, err := oneOf(c, "detail", append([]stages.Method{auto}, stages.Methods...)...)
	if err != nil {
		return err
	}
	if detail == auto {
		detail = stages.Methods[0]
	}
	if t.model.Manifest.Image().LabelMap != nil {
		detail = stages.Plain // of a label map a photograph has no detail
	}
	if err := t.tiles(c.Bool("tile")); err != nil {
		return err
	}
	o := &t.encode
	o.Size, o.KeepProfile, o.Strip, o.StripGPS = size, c.Bool("keep-profile"), c.Bool("strip"), c.Bool("strip-gps")
	t.detail = stages.DetailOptions{Size: size, Method: detail, Keep: o.KeepProfile}
	o.Parameters = append(o.Parameters,
		stages.Property{Name: "size", Value: sizing},
		stages.Property{Name: "detail", Value: string(detail)},
		stages.Property{Name: "tile", Value: strconv.FormatBool(c.Bool("tile"))},
		stages.Property{Name: "keepProfile", Value: strconv.FormatBool(o.KeepProfile)},
		stages.Property{Name: "strip", Value: strconv.FormatBool(o.Strip)},
		stages.Property{Name: "stripGPS", Value: strconv.FormatBool(o.StripGPS)},
	)
	return nil
}

// tiles says at what shape pictures enter the network, and how it sees them.
func (t *translation) tiles(wanted bool) error {
	m := t.model.Manifest
	t.fit = fitOf(m.Image())
	t.seen = func(n stages.Network) stages.Network { return n }
	if !wanted {
		return nil
	}
	if !m.Tiling.Allowed {
		return usage("--tile: the manifest of %s does not allow it: a network that normalises by the whole picture gives each tile other colours", m.Name)
	}
	wide, high := m.Image().Size.Nominal()
	side, halo := min(wide, high), m.Tiling.Halo
	if _, err := stages.Tiled(nil, side, halo); err != nil {
		return usage("--tile: %w", err)
	}
	t.fit = stages.Fit{Shape: func(width, height int) (int, int) { return width, height }}
	t.seen = func(n stages.Network) stages.Network {
		n, _ = stages.Tiled(n, side, halo) // checked above
		return n
	}
	return nil
}
