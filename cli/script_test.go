package cli_test

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"gtx/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gtx": func() { os.Exit(cli.Run(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// library is where make deps puts ONNX Runtime, unless the variable names it.
func library(t *testing.T) string {
	path := os.Getenv("GTX_ONNXRUNTIME")
	if path == "" {
		path, _ = filepath.Abs("../build/lib/libonnxruntime.so.1")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	return path
}

// The scripts in testdata/script say how the command line behaves, one file a
// feature. Beside testscript's own commands they have
//
//	photo FILE WxH [SEED]   make a picture, in the format that its name says
//	is FILE FORMAT WxH      check what a file holds
//	grey FILE LOW HIGH      check the mean of all samples, 0 to 255
//	same FILE FILE N        check that no sample differs by more than N
//	cut FILE N              drop all but the first N bytes
func TestScripts(t *testing.T) {
	runScripts(t, "../testdata/script", map[string]string{"MODELS": "../testdata/models"})
}

// Networks that nobody here trained: make test fetches them.
func TestThirdPartyNetworks(t *testing.T) {
	const networks = "../build/third-party"
	if _, err := os.Stat(networks); err != nil {
		t.Skip("no networks to add: scripts/fetch-third-party build/third-party fetches them")
	}
	runScripts(t, "../testdata/third-party", map[string]string{
		"NETWORKS": networks, "MANIFESTS": "../testdata/third-party",
	})
}

// runScripts runs the scripts of a folder, which find others by variables.
func runScripts(t *testing.T, dir string, folders map[string]string) {
	lib := library(t)
	commands := pictureCommands()
	maps.Copy(commands, fileCommands())
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GTX_ONNXRUNTIME", lib)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, ".data"))
			for name, folder := range folders {
				path, err := filepath.Abs(folder)
				if err != nil {
					return err
				}
				env.Setenv(name, path)
			}
			return nil
		},
		Cmds: commands,
	})
}

func fileCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"photo": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 2 || len(args) > 3 {
				ts.Fatalf("usage: photo FILE WxH [SEED]")
			}
			seed := 1
			if len(args) == 3 {
				seed, _ = strconv.Atoi(args[2])
			}
			w, h := dimensions(ts, args[1])
			ts.Check(writePhoto(ts.MkAbs(args[0]), w, h, seed))
		},
		"is": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 3 {
				ts.Fatalf("usage: is FILE FORMAT WxH")
			}
			f, err := os.Open(ts.MkAbs(args[0]))
			ts.Check(err)
			defer f.Close()
			config, format, err := image.DecodeConfig(f)
			ts.Check(err)
			w, h := dimensions(ts, args[2])
			if format != args[1] || config.Width != w || config.Height != h {
				ts.Fatalf("%s is %s %dx%d", args[0], format, config.Width, config.Height)
			}
		},
		"grey": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 3 {
				ts.Fatalf("usage: grey FILE LOW HIGH")
			}
			mean, err := meanOf(ts.MkAbs(args[0]))
			ts.Check(err)
			low, _ := strconv.ParseFloat(args[1], 64)
			high, _ := strconv.ParseFloat(args[2], 64)
			if mean < low || mean > high {
				ts.Fatalf("the mean of %s is %.1f", args[0], mean)
			}
		},
		"same": func(ts *testscript.TestScript, neg bool, args []string) {
			if len(args) != 3 {
				ts.Fatalf("usage: same FILE FILE N")
			}
			most, err := strconv.Atoi(args[2])
			ts.Check(err)
			d, err := difference(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
			ts.Check(err)
			if (d <= most) == neg {
				ts.Fatalf("samples differ by up to %d", d)
			}
		},
		"cut": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 2 {
				ts.Fatalf("usage: cut FILE N")
			}
			n, err := strconv.ParseInt(args[1], 10, 64)
			ts.Check(err)
			ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
		},
	}
}

func dimensions(ts *testscript.TestScript, s string) (w, h int) {
	a, b, _ := strings.Cut(s, "x")
	w, errW := strconv.Atoi(a)
	h, errH := strconv.Atoi(b)
	if errW != nil || errH != nil {
		ts.Fatalf("%q is not WxH", s)
	}
	return w, h
}

// writePhoto makes a scene with a sky, a ridge and a meadow: mean grey near 110,
// no sample below 20 or above 200, so that a shift by 40 clips nothing.
func writePhoto(path string, w, h, seed int) error {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			ridge := 0.45 + 0.1*math.Sin(5*u+float64(seed)) + 0.04*math.Sin(17*u*float64(seed%7+1))
			grain := 12 * math.Sin(float64(x*y%97)+float64(seed))
			c := color.RGBA{uint8(70 + grain), uint8(120 + 40*v + grain), uint8(60 + grain), 255}
			if v < ridge {
				c = color.RGBA{uint8(90 + 60*v), uint8(120 + 50*v), 190, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.HasSuffix(path, ".png") {
		return png.Encode(f, img)
	}
	return jpeg.Encode(f, img, &jpeg.Options{Quality: 92})
}

func decode(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	return img, err
}

// difference is the largest between two samples of pictures of one size.
func difference(one, two string) (int, error) {
	a, err := decode(one)
	if err != nil {
		return 0, err
	}
	b, err := decode(two)
	if err != nil {
		return 0, err
	}
	if a.Bounds() != b.Bounds() {
		return 0, fmt.Errorf("%v and %v", a.Bounds(), b.Bounds())
	}
	most := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb)} {
				most = max(most, d/257, -d/257)
			}
		}
	}
	return most, nil
}

func meanOf(path string) (float64, error) {
	img, err := decode(path)
	if err != nil {
		return 0, err
	}
	sum, b := 0.0, img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			sum += float64(r+g+bl) / 3 / 257
		}
	}
	return sum / float64(b.Dx()*b.Dy()), nil
}
