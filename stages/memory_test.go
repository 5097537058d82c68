package stages

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/h2non/bimg"
)

// resident returns the resident memory of the process, in MiB.
func resident(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var total, pages int
	if _, err := fmt.Sscan(string(data), &total, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() >> 20
}

func TestMemoryDoesNotGrowWithTheNumberOfImages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	p, err := resized(scene(160, 120), 1600, 1200)
	if err != nil {
		t.Fatal(err)
	}
	file := vipsOf(t, p, bimg.Options{Type: bimg.JPEG, Quality: 90})
	shape := func(int, int) (int, int) { return 256, 192 }
	open, decode, resize := Open(OpenOptions{}), Decode(shape), Resize(Fit{Shape: shape})
	size, err := ParseSize("model")
	if err != nil {
		t.Fatal(err)
	}
	encode := Encode(EncodeOptions{Size: size, Quality: 90})
	run := func(n int) int {
		for range n {
			ctx := context.Background()
			f, err := open(ctx, Source{Data: file, Out: Stdout})
			if err != nil {
				t.Fatal(err)
			}
			img, err := decode(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			if img, err = resize(ctx, img); err != nil {
				t.Fatal(err)
			}
			c := Checked{Translated: Translated{Labelled: Labelled{Image: img}, Result: img.Pixels}}
			if _, err = encode(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		debug.FreeOSMemory()
		return resident(t)
	}
	before := run(50)
	after := run(250)
	t.Logf("%d MiB after 50 images, %d MiB after 300", before, after)
	if after > before+20 {
		t.Errorf("grew from %d to %d MiB", before, after)
	}
}
