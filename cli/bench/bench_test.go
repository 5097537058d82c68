package bench

import (
	"image"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLimitIsTheLongestStageOfABusyMachine(t *testing.T) {
	millis := map[string]float64{"translate": 20, "encode": 30, "open": 1}
	network := map[string]float64{"translate": 40, "encode": 30}
	for _, test := range []struct {
		millis       map[string]float64
		busy, others float64
		provider     string
		want         string
	}{
		{millis, 0.95, 0, "cpu", "encode"},
		{network, 0.95, 0, "cpu", "translate"},
		{network, 0.5, 0.1, "cpu", "waiting"},
		{network, 0.5, 0.4, "cpu", "other programs"},
		{network, 0.3, 0, "cuda", "translate"},
		{millis, 0.3, 0, "cuda", "waiting"},
	} {
		if got := limitOf(test.millis, test.busy, test.others, test.provider); got != test.want {
			t.Errorf("limitOf(%v, %v, %v, %s) = %s, not %s", test.millis, test.busy, test.others, test.provider, got, test.want)
		}
	}
}

func TestBenchTriesOtherSettings(t *testing.T) {
	for standard, want := range map[int][]int{1: {2}, 2: {1, 3, 4}, 8: {4, 9, 16}} {
		if got := OtherJobs(standard); !slices.Equal(got, want) {
			t.Errorf("beside %d jobs: %v, not %v", standard, got, want)
		}
	}
	if got := OtherBatches(8); !slices.Equal(got, []int{4, 16}) {
		t.Errorf("beside batches of 8: %v", got)
	}
}

func TestBenchMakesImagesOfThreeSizes(t *testing.T) {
	sets, err := Sets(nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, set := range sets {
		names = append(names, set.Name)
		f, err := os.Open(set.Paths[0])
		if err != nil {
			t.Fatal(err)
		}
		config, format, err := image.DecodeConfig(f)
		f.Close()
		if err != nil || format != "jpeg" || filepath.Base(f.Name()) != set.Name+".jpg" {
			t.Errorf("%s: %s of %d×%d, %v", set.Name, format, config.Width, config.Height, err)
		}
	}
	if !slices.Equal(names, []string{"256x256", "1024x768", "4000x3000"}) {
		t.Errorf("sets %q", names)
	}
}

func TestMachineTimeGrows(t *testing.T) {
	if machineTime() < processorTime() {
		t.Errorf("all programs used %v, this one %v", machineTime(), processorTime())
	}
}
