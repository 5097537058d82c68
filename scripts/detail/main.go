// Command detail compares the methods of gtx translate --detail, which apply the
// change that a network made to a small image to the whole photograph. It prints
// tables in Markdown.
//
// It translates each photograph at its own size, which should suit the network, such
// as 256×256. The result is the truth. It then translates the photograph at a half and
// at a quarter of that size and applies the change to all pixels. One table compares
// the outcome with the truth. A second table does the same with a truth that was
// scaled down in place of the network's small result, so it shows the errors of the
// methods alone.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"log"
	"os"
	"path/filepath"
	"slices"

	"gtx/models"
	"gtx/stages"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("detail: ")
	model := flag.String("model", "seasons", "model to translate with")
	to := flag.String("to", "winter", "domain to translate to")
	every := flag.Int("every", 1, "take every `N`th photograph")
	keep := flag.String("keep", "", "write the images below `DIR`")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: detail [-model NAME] [-to DOMAIN] [-every N] [-keep DIR] FOLDER")
	}
	files, err := filepath.Glob(filepath.Join(flag.Arg(0), "*"))
	if err != nil || len(files) == 0 {
		log.Fatalf("%q: no files", flag.Arg(0))
	}
	stages.Setup()
	library, err := models.FindLibrary("")
	check(err)
	r, err := models.Open(library)
	check(err)
	m, err := models.Find(*model)
	check(err)
	n, err := r.NewTranslator(m, models.Request{To: *to, Strength: 1}, models.Options{Device: "auto"})
	check(err)
	t := table{network: stages.NetworkOf(n.Run), keep: *keep, sums: map[row]measures{}}
	for i := 0; i < len(files); i += *every {
		check(t.add(files[i]))
	}
	t.print()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A row of the tables.
type row struct {
	ideal  bool // the small result is the truth, scaled down
	shrink int
	method stages.Method
}

type table struct {
	network stages.Network
	keep    string
	sums    map[row]measures
	count   int
}

// add measures one photograph.
func (t *table) add(path string) error {
	photo, err := decode(path, 1)
	if err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	truth, err := t.translate(photo)
	if err != nil {
		return err
	}
	target, err := written(truth, stages.Plain)
	if err != nil {
		return err
	}
	source := photo.Pixels
	reference := newReference(source, target)
	for _, shrink := range []int{2, 4} {
		small, err := decode(path, shrink)
		if err != nil {
			return err
		}
		made, err := t.translate(small)
		if err != nil {
			return err
		}
		ideal := made
		if ideal.Result, err = shrunk(target, shrink); err != nil {
			return err
		}
		for _, method := range stages.Methods {
			for _, c := range []struct {
				ideal bool
				stages.Checked
			}{{false, made}, {true, ideal}} {
				result, err := written(c.Checked, method)
				if err != nil {
					return err
				}
				key := row{c.ideal, shrink, method}
				t.sums[key] = t.sums[key].plus(reference.measure(result))
				if t.keep != "" && !c.ideal {
					if err := save(result, filepath.Join(t.keep, fmt.Sprintf("%s-%d-%s.png", filepath.Base(path), shrink, method))); err != nil {
						return err
					}
				}
			}
		}
	}
	t.count++
	if t.keep != "" {
		return save(target, filepath.Join(t.keep, filepath.Base(path)+"-truth.png"))
	}
	return nil
}

// decode reads a photograph at 1/shrink of its size, for the network.
func decode(path string, shrink int) (stages.Image, error) {
	shape := func(w, h int) (int, int) { return w / shrink, h / shrink }
	ctx := context.Background()
	f, err := stages.Open(stages.OpenOptions{})(ctx, stages.Source{In: path, Out: stages.Stdout, Format: stages.PNG})
	if err != nil {
		return stages.Image{}, err
	}
	img, err := stages.Decode(shape)(ctx, f)
	if err != nil {
		return stages.Image{}, err
	}
	return stages.Resize(stages.Fit{Shape: shape})(ctx, img)
}

func (t *table) translate(img stages.Image) (stages.Checked, error) {
	out, err := stages.Translate(t.network)(context.Background(), []stages.Labelled{{Image: img}})
	if err != nil {
		return stages.Checked{}, err
	}
	return stages.Checked{Translated: out[0]}, nil
}

// written is the result that gtx writes at the size of the photograph.
func written(c stages.Checked, method stages.Method) (stages.Pixels, error) {
	size, err := stages.ParseSize("source")
	if err != nil {
		return stages.Pixels{}, err
	}
	ctx := context.Background()
	if c, err = stages.Detail(stages.DetailOptions{Size: size, Method: method})(ctx, c); err != nil {
		return stages.Pixels{}, err
	}
	w, err := stages.Encode(stages.EncodeOptions{Size: size, Quality: 100})(ctx, c)
	if err != nil {
		return stages.Pixels{}, err
	}
	f, err := stages.Open(stages.OpenOptions{OwnToo: true})(ctx, stages.Source{Data: w.Data})
	if err != nil {
		return stages.Pixels{}, err
	}
	img, err := stages.Decode(nil)(ctx, f)
	return img.Pixels, err
}

// shrunk is an image at 1/shrink of its size.
func shrunk(p stages.Pixels, shrink int) (stages.Pixels, error) {
	shape := func(w, h int) (int, int) { return w / shrink, h / shrink }
	img, err := stages.Resize(stages.Fit{Shape: shape})(context.Background(), stages.Image{Width: p.Width, Height: p.Height, Pixels: p})
	return img.Pixels, err
}

func save(p stages.Pixels, path string) error {
	var b bytes.Buffer
	if err := png.Encode(&b, goImage(p)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}

// print writes the tables.
func (t *table) print() {
	fmt.Printf("%d photographs.\n", t.count)
	for _, ideal := range []bool{false, true} {
		fmt.Println("\n| from | method | PSNR, dB | SSIM | halo, grey levels | new texture, coarse | fine |\n|---|---|---|---|---|---|---|")
		for _, shrink := range []int{2, 4} {
			methods := slices.Clone(stages.Methods)
			for _, method := range methods {
				m := t.sums[row{ideal, shrink, method}]
				n := float64(t.count)
				from := fmt.Sprintf("1/%d", shrink)
				if ideal {
					from = "truth, " + from
				}
				fmt.Printf("| %s | %s | %.2f | %.3f | %.2f | %.0f %% | %.0f %% |\n", from, method,
					m.psnr/n, m.ssim/n, m.halo/n, 100*m.coarse/n, 100*m.fine/n)
			}
		}
	}
}
