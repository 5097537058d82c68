package cli_test

import (
	"image"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are the commands that scripts have in addition to testscript's own:
//
//	photo FILE WxH [SEED]             make a landscape, in the format of the file's extension
//	flat FILE WxH R,G,B [R,G,B ...]   make a PNG of upright bands of equal width
//	sign FILE ARTIST PLACE            put Exif data into a JPEG: who took it, and where
//	cut FILE N                        drop all but the first N bytes
//	is FILE FORMAT WxH                check the format and size
//	grey FILE LOW HIGH                check the mean of all samples, 0 to 255
//	pixel FILE X,Y R,G,B [N]          check a pixel; N is how far it may be off, 0 by default
//	same FILE FILE N                  check that no sample differs by more than N
//	shows FILE                        check the last command's output as a page shows it
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"photo": photoCommand, "shows": shows, "flat": flatCommand, "sign": signCommand, "cut": cutCommand,
	"is": isCommand, "grey": greyCommand, "pixel": pixelCommand, "same": sameCommand,
}

// arguments ends the script if a command has too few or too many, or is negated.
func arguments(ts *testscript.TestScript, neg bool, args []string, least, most int, usage string) {
	if neg || len(args) < least || len(args) > most {
		ts.Fatalf("usage: %s", usage)
	}
}

func photoCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 3, "photo FILE WxH [SEED]")
	seed := 1
	if len(args) == 3 {
		seed = numbers(ts, args[2], 1)[0]
	}
	w, h := dimensions(ts, args[1])
	ts.Check(writePhoto(ts.MkAbs(args[0]), w, h, seed))
}

func flatCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 99, "flat FILE WxH R,G,B [R,G,B ...]")
	w, h := dimensions(ts, args[1])
	var bands [][]int
	for _, band := range args[2:] {
		bands = append(bands, numbers(ts, band, 3))
	}
	ts.Check(writeBands(ts.MkAbs(args[0]), w, h, bands))
}

func signCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3, "sign FILE ARTIST PLACE")
	path := ts.MkAbs(args[0])
	file, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, withExif(file, exifOf(args[1], args[2])), 0o666))
}

func cutCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 2, "cut FILE N")
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(numbers(ts, args[1], 1)[0])))
}

func isCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3, "is FILE FORMAT WxH")
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	config, format, err := image.DecodeConfig(f)
	ts.Check(err)
	w, h := dimensions(ts, args[2])
	if format != args[1] || config.Width != w || config.Height != h {
		ts.Fatalf("%s is %s %dx%d", args[0], format, config.Width, config.Height)
	}
}

func greyCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3, "grey FILE LOW HIGH")
	mean, err := meanOf(ts.MkAbs(args[0]))
	ts.Check(err)
	low, high := numbers(ts, args[1], 1)[0], numbers(ts, args[2], 1)[0]
	if mean < float64(low) || mean > float64(high) {
		ts.Fatalf("the mean of %s is %.1f", args[0], mean)
	}
}

func pixelCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 4, "pixel FILE X,Y R,G,B [N]")
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
}

func sameCommand(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, false, args, 3, 3, "same FILE FILE N")
	d, err := difference(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
	ts.Check(err)
	if (d <= numbers(ts, args[2], 1)[0]) == neg {
		ts.Fatalf("samples differ by up to %d", d)
	}
}

func dimensions(ts *testscript.TestScript, s string) (w, h int) {
	n := numbers(ts, strings.ReplaceAll(s, "x", ","), 2)
	return n[0], n[1]
}

// numbers reads n numbers with commas between them.
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
