// Command bench measures what gtx costs beside its network:
//
//	make bench BENCH_IMAGES=FOLDER
//
// It alternates gtx, which reads and writes files, with a bare ONNX Runtime session of
// the same network that reads tensors from memory. Both use all cores. It prints the
// ratio of their speeds, the peak memory at 200 and at 2,000 inputs, and the time of
// gtx --version. Without a folder it generates the images.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"gtx/models"
)

func main() {
	gtx := flag.String("gtx", "build/bin/gtx", "the program to measure")
	folder := flag.String("images", "", "`FOLDER` of images; default: generated images")
	images := flag.Int("n", 500, "images per round")
	rounds := flag.Int("rounds", 5, "number of rounds")
	flag.Parse()
	if err := bench(*gtx, *folder, *images, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(gtx, folder string, n, rounds int) error {
	work, err := os.MkdirTemp("", "gtx-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	gtx, err = filepath.Abs(gtx)
	if err != nil {
		return err
	}
	photos, err := gather(folder, work)
	if err != nil {
		return err
	}
	fmt.Printf("%d processors, images from %s\n", runtime.GOMAXPROCS(0), cmp.Or(folder, "a generator"))

	// Memory comes first: a child process inherits the peak of its parent, which is small now.
	_, small, err := run(gtx, photos, 200, work)
	if err != nil {
		return err
	}
	_, large, err := run(gtx, photos, 2000, work)
	if err != nil {
		return err
	}
	fmt.Printf("peak memory: %.0f MiB at 200 inputs, %.0f MiB at 2,000, ratio %.3f (goal: 1.1 or less)\n",
		small, large, large/small)

	batch, err := decode(photos, n)
	if err != nil {
		return err
	}
	var bare, whole, ratio []float64
	for round := range rounds {
		b, err := bareSession(batch)
		if err != nil {
			return err
		}
		w, _, err := run(gtx, photos, n, work)
		if err != nil {
			return err
		}
		fmt.Printf("round %d: bare session %.2f images/s, gtx %.2f images/s, ratio %.3f\n", round+1, b, w, w/b)
		bare, whole, ratio = append(bare, b), append(whole, w), append(ratio, w/b)
	}
	fmt.Printf("medians: bare session %.2f images/s, gtx %.2f images/s, ratio %.3f (goal: 0.85 or more)\n",
		median(bare), median(whole), median(ratio))

	var version []float64
	for range 21 {
		start := time.Now()
		if err := exec.Command(gtx, "--version").Run(); err != nil {
			return err
		}
		version = append(version, time.Since(start).Seconds()*1000)
	}
	fmt.Printf("gtx --version: %.1f ms, median of %d (goal: 30 or less)\n", median(version), len(version))
	return nil
}

// bareSession runs the network alone, with one call per core at a time, and returns
// images per second.
func bareSession(images []models.Batch) (float64, error) {
	library, err := models.FindLibrary("") // make bench sets GTX_ONNXRUNTIME
	if err != nil {
		return 0, err
	}
	r, err := models.Open(library)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	m, err := models.Find("seasons")
	if err != nil {
		return 0, err
	}
	t, err := r.NewTranslator(m, models.Request{To: "winter", Strength: 1}, models.Options{Device: "cpu"})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	start := time.Now()
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, in := range images {
		group.Go(func() error {
			_, err := t.Run(ctx, in)
			return err
		})
	}
	err = group.Wait()
	return float64(len(images)) / time.Since(start).Seconds(), err
}

// run translates n files with gtx. It returns images per second, including start-up,
// and the peak resident memory in MiB.
func run(gtx string, photos []string, n int, work string) (rate, peak float64, err error) {
	in, out := filepath.Join(work, "in"), filepath.Join(work, "out")
	defer os.RemoveAll(in)
	defer os.RemoveAll(out)
	if err := os.MkdirAll(in, 0o777); err != nil {
		return 0, 0, err
	}
	var list strings.Builder
	for i := range n {
		path := filepath.Join(in, fmt.Sprintf("%05d%s", i, filepath.Ext(photos[i%len(photos)])))
		data, err := os.ReadFile(photos[i%len(photos)])
		if err != nil {
			return 0, 0, err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return 0, 0, err
		}
		fmt.Fprintln(&list, path)
	}
	cmd := exec.Command(gtx, "translate", "-q", "--device", "cpu", "--to", "winter", "--base", in, "-o", out)
	cmd.Stdin = strings.NewReader(list.String())
	cmd.Stderr = os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, err
	}
	took := time.Since(start)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0, errors.New("no resource usage on this system")
	}
	return float64(n) / took.Seconds(), float64(usage.Maxrss) / 1024, nil
}

// gather lists the images in a folder or, without one, generates some.
func gather(folder, work string) ([]string, error) {
	if folder == "" {
		return generate(filepath.Join(work, "photos"), 100)
	}
	var photos []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".jpg", ".png"}, filepath.Ext(path)) {
			photos = append(photos, path)
		}
		return err
	})
	if err == nil && len(photos) == 0 {
		err = fmt.Errorf("no .jpg or .png below %s", folder)
	}
	return photos, err
}

// generate writes images of 256×256 with about as much detail as a photograph.
func generate(folder string, n int) ([]string, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	var photos []string
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 256, 256))
		for y := range 256 {
			for x := range 256 {
				wave := 60 * math.Sin(float64(x+7*i)/17) * math.Cos(float64(y)/23)
				grain := 20 * math.Sin(float64(x*y%251))
				img.SetRGBA(x, y, color.RGBA{uint8(120 + wave), uint8(110 + grain), uint8(100 + wave/2 + grain), 255})
			}
		}
		path := filepath.Join(folder, fmt.Sprintf("%03d.jpg", i))
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(jpeg.Encode(f, img, nil), f.Close()); err != nil {
			return nil, err
		}
		photos = append(photos, path)
	}
	return photos, nil
}

// decode makes n batches of one image each, as stored. The network must take their
// size.
func decode(photos []string, n int) ([]models.Batch, error) {
	batches := make([]models.Batch, n)
	for i := range batches {
		f, err := os.Open(photos[i%len(photos)])
		if err != nil {
			return nil, err
		}
		img, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		b := img.Bounds()
		batch := models.Batch{N: 1, Height: b.Dy(), Width: b.Dx()}
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				red, green, blue, _ := img.At(x, y).RGBA()
				batch.Pixels = append(batch.Pixels, byte(red>>8), byte(green>>8), byte(blue>>8))
			}
		}
		batches[i] = batch
	}
	return batches, nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
