package cli

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/release"
	"gtx/models"
	"gtx/stages"
)

func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "show what gtx finds: libraries, devices, formats, models",
		Description: "Exits with 3 if gtx cannot work.",
		Flags:       []cli.Flag{libraryFlag()},
		Action:      p.doctor,
	}
}

func (p *program) doctor(c *cli.Context) (err error) {
	fmt.Fprintf(p.out, "gtx           %s, %s, %s/%s, %d processors\n", release.Built().Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Fprintf(p.out, "libvips       %s\n", stages.LibvipsVersion)
	for _, f := range stages.Supported() {
		can := "no"
		switch {
		case f.Read && f.Write:
			can = "reads, writes"
		case f.Read:
			can = "reads"
		case f.Write:
			can = "writes"
		}
		fmt.Fprintf(p.out, "  %-11s %s\n", f.Format, can)
	}
	found, broken := models.List()
	fmt.Fprintf(p.out, "models        %d\n", len(found))
	for _, m := range found {
		fmt.Fprintf(p.out, "  %-20s %s\n", m.Name(), m.Origin)
	}
	if broken != nil {
		p.say(broken)
	}
	r, err := openRuntime(c)
	if err != nil {
		return err
	}
	defer alsoClose(&err, r)
	fmt.Fprintf(p.out, "ONNX Runtime  %s, %s\n", r.Version(), r.Library())
	providers, err := r.Providers()
	if err != nil {
		return exit.CannotStart(err)
	}
	for _, d := range providers {
		can := "usable"
		if d.BF16 {
			can += ", also in bf16"
		}
		if !d.Usable {
			can = "not usable: " + d.Reason
		}
		fmt.Fprintf(p.out, "  %-11s %s\n", d.Name, can)
	}
	return p.tryBuiltIn(r)
}

// tryBuiltIn runs the built-in model once, to see that gtx works.
func (p *program) tryBuiltIn(r *models.Runtime) (err error) {
	m, err := findModel(builtIn)
	if err != nil {
		return err
	}
	t, err := r.NewTranslator(m, models.Request{To: m.Manifest.Targets()[0], Strength: 1}, models.Options{Device: "auto"})
	if err != nil {
		return exit.CannotStart(err)
	}
	defer alsoClose(&err, t)
	wide, high := m.Manifest.Image().Size.Nominal()
	_, err = t.Run(context.Background(), models.Batch{N: 1, Width: wide, Height: high, Pixels: make([]byte, wide*high*3)})
	if err != nil {
		return exit.CannotStart(fmt.Errorf("%s: %w", builtIn, err))
	}
	fmt.Fprintf(p.out, "  %s ran%s\n", builtIn, strings.TrimPrefix(runsOn(t), ","))
	return nil
}
