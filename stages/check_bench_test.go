package stages

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"gtx/stages/raster"
)

// processor returns the processor time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkScoreShare measures the score against decoding and encoding the same
// image, a JPEG, in processor time. GTX_PHOTO=FILE names it; the default is generated.
func BenchmarkScoreShare(b *testing.B) {
	for _, side := range []int{256, 2048} {
		b.Run("", func(b *testing.B) {
			file := jpegOf(b, scene(side, side))
			if path := os.Getenv("GTX_PHOTO"); path != "" {
				data, err := os.ReadFile(path)
				if err != nil {
					b.Fatal(err)
				}
				file = data
			}
			var codec, score time.Duration
			for b.Loop() {
				start := processor()
				f, err := Open(OpenOptions{})(context.Background(), Source{Data: file})
				if err != nil {
					b.Fatal(err)
				}
				img, err := Decode(nil)(context.Background(), f)
				if err != nil {
					b.Fatal(err)
				}
				saved(b, img.Pixels, ".jpg[Q=90]")
				middle := processor()
				raster.ScoreOf(img.Pixels)
				codec += middle - start
				score += processor() - middle
			}
			b.ReportMetric(100*score.Seconds()/codec.Seconds(), "%")
			b.ReportMetric(float64(score.Microseconds())/float64(b.N), "µs/score")
		})
	}
}
