package cli_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// pictureCommands are for networks whose answer to flat colours can be told by hand:
//
//	flat FILE WxH R,G,B [R,G,B ...]       make a PNG of upright bands, of equal width
//	pixel FILE X,Y R,G,B [N]              check a pixel; N is how far it may be off, 0 by default
func pictureCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"flat": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 3 {
				ts.Fatalf("usage: flat FILE WxH R,G,B [R,G,B ...]")
			}
			w, h := dimensions(ts, args[1])
			bands := args[2:]
			img := image.NewRGBA(image.Rect(0, 0, w, h))
			for y := range h {
				for x := range w {
					c := numbers(ts, bands[x*len(bands)/w], 3)
					img.SetRGBA(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
				}
			}
			f, err := os.Create(ts.MkAbs(args[0]))
			ts.Check(err)
			ts.Check(png.Encode(f, img))
			ts.Check(f.Close())
		},
		"pixel": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 3 || len(args) > 4 {
				ts.Fatalf("usage: pixel FILE X,Y R,G,B [N]")
			}
			img, err := decode(ts.MkAbs(args[0]))
			ts.Check(err)
			at, want, most := numbers(ts, args[1], 2), numbers(ts, args[2], 3), 0
			if len(args) == 4 {
				most = numbers(ts, args[3], 1)[0]
			}
			r, g, b, _ := img.At(at[0], at[1]).RGBA()
			for i, v := range []uint32{r, g, b} {
				if d := int(v>>8) - want[i]; d > most || d < -most {
					ts.Fatalf("%s at %s is %d,%d,%d", args[0], args[1], r>>8, g>>8, b>>8)
				}
			}
		},
	}
}

func numbers(ts *testscript.TestScript, list string, n int) []int {
	var out []int
	for part := range strings.SplitSeq(list, ",") {
		v, err := strconv.Atoi(part)
		if err != nil {
			ts.Fatalf("%q is not %d numbers", list, n)
		}
		out = append(out, v)
	}
	if len(out) != n {
		ts.Fatalf("%q is not %d numbers", list, n)
	}
	return out
}
