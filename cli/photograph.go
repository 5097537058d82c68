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
		&cli.StringFlag{Name: "detail", Value: "auto", Usage: "a result larger than the network's gets the photograph's detail: auto; none only scales it", EnvVars: option("detail")},
		&cli.BoolFlag{Name: "keep-profile", Usage: "write the colours of the source's own profile, not sRGB", EnvVars: option("keep-profile")},
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
	detail, err := oneOf(c, "detail", "auto", "none")
	if err != nil {
		return err
	}
	if t.model.Manifest.Image().LabelMap != nil {
		detail = "none" // of a label map a photograph has none
	}
	keep := c.Bool("keep-profile")
	t.detail = stages.DetailOptions{Size: size, None: detail == "none", Keep: keep}
	t.encode.Size, t.encode.KeepProfile = size, keep
	t.encode.Parameters = append(t.encode.Parameters,
		stages.Property{Name: "size", Value: sizing},
		stages.Property{Name: "detail", Value: detail},
		stages.Property{Name: "keepProfile", Value: strconv.FormatBool(keep)},
	)
	return nil
}
