// Package bench holds the parts of gtx bench that run no network: the sets of images, the settings to try, the
// clock, what limits a run, and the table.
package bench

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gtx/cli/exit"
	"gtx/cli/paths"
	"gtx/stages/raster"
)

// A Set is a set of images that are measured together.
type Set struct {
	Name  string // as in the table
	Paths []string
}

// writeLeaves writes a JPEG of discs with some grain, which costs about as much as a photograph.
func writeLeaves(path string, width, height, seed int) (err error) {
	leaves := raster.DeadLeaves(max(width, height), seed)
	grain := rand.New(rand.NewPCG(uint64(seed), 1))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			from, to := leaves.Data[3*(y*leaves.Width+x):], img.Pix[img.PixOffset(x, y):]
			g := grain.IntN(25) - 12
			for i := range 3 {
				to[i] = byte(min(max(int(from[i])+g, 0), 255))
			}
			to[3] = 255
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: 90}), f.Close())
}

// Sets are the user's images as one set, or sets of one generated image each, which it writes into folder.
func Sets(args []string, folder string) ([]Set, error) {
	if len(args) == 0 {
		var sets []Set
		for i, size := range [][2]int{{256, 256}, {1024, 768}, {4000, 3000}} {
			name := fmt.Sprintf("%dx%d", size[0], size[1])
			path := filepath.Join(folder, name+".jpg")
			if err := writeLeaves(path, size[0], size[1], i); err != nil {
				return nil, exit.CannotStart(err)
			}
			sets = append(sets, Set{name, []string{path}})
		}
		return sets, nil
	}
	if slices.Contains(args, "-") {
		return nil, exit.Usage("gtx bench does not read standard input: name files or folders")
	}
	sources, err := paths.Expand(args, paths.Nowhere, "")
	if err != nil {
		return nil, err
	}
	set := Set{Name: strconv.Itoa(sources.Len()) + " images"}
	if sources.Len() == 1 {
		set.Name = "1 image"
	}
	for s := range sources.All {
		if s.Err != nil {
			return nil, fmt.Errorf("%q: %w", s.In, s.Err)
		}
		set.Paths = append(set.Paths, s.In)
	}
	return []Set{set}, nil
}
