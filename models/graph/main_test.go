package graph

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
)

// library returns the path in GTX_ONNXRUNTIME, or else the place where make deps puts ONNX Runtime.
func library() string {
	if path := os.Getenv("GTX_ONNXRUNTIME"); path != "" {
		return path
	}
	path, _ := filepath.Abs("../../build/lib/libonnxruntime.so.1")
	return path
}

func TestMain(m *testing.M) {
	os.Setenv("ORT_DISABLE_TELEMETRY", "1")
	ort.SetSharedLibraryPath(library())
	if err := ort.InitializeEnvironment(); err != nil {
		panic(err)
	}
	code := m.Run()
	ort.DestroyEnvironment()
	os.Exit(code)
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	model, err := os.ReadFile(filepath.Join("../../testdata/models/upsampling", name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func parse(t testing.TB, model []byte) *Graph {
	t.Helper()
	g, err := Parse(model)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const side = 64 // of the images that run gives to a model, in pixels

// run gives a model floats [1,3,64,64] and returns its output of the same shape.
func run(t testing.TB, model []byte, image []float32) []float32 {
	t.Helper()
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{"image"}, []string{"translation"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Destroy()
	in, err := ort.NewTensor(ort.NewShape(1, 3, side, side), image)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Destroy()
	outputs := []ort.Value{nil}
	if err := s.Run([]ort.Value{in}, outputs); err != nil {
		t.Fatal(err)
	}
	defer outputs[0].Destroy()
	out := outputs[0].(*ort.Tensor[float32])
	if !out.GetShape().Equals(ort.NewShape(1, 3, side, side)) {
		t.Fatalf("the model gave %v", out.GetShape())
	}
	return append([]float32{}, out.GetData()...)
}

// flatResponse gives a model flat images and returns the largest standard deviation of the means of the
// 2×2 phases in its output, away from the border, in the units of the output.
func flatResponse(t testing.TB, model []byte) float64 {
	t.Helper()
	worst := 0.0
	for _, colour := range [][3]float32{{128, 128, 128}, {30, 30, 30}, {220, 120, 40}} {
		image := make([]float32, 3*side*side)
		for i := range image {
			image[i] = colour[i/side/side]
		}
		out := run(t, model, image)
		for c := range 3 {
			var phases [4]float64
			const inside = 16
			for y := inside; y < side-inside; y++ {
				for x := inside; x < side-inside; x++ {
					phases[y%2*2+x%2] += float64(out[(c*side+y)*side+x]) / (side/2 - inside) / (side/2 - inside)
				}
			}
			mean := (phases[0] + phases[1] + phases[2] + phases[3]) / 4
			square := 0.0
			for _, p := range phases {
				square += (p - mean) * (p - mean) / 4
			}
			worst = max(worst, math.Sqrt(square))
		}
	}
	return worst
}

// photograph is a smooth image with an edge, in [0,255].
func photograph() []float32 {
	image := make([]float32, 3*side*side)
	for i := range image {
		x, y, c := float64(i%side), float64(i/side%side), float64(i/side/side)
		v := 110 + 60*math.Sin(x/9+c)*math.Cos(y/7)
		if (x-30)*(x-30)+(y-36)*(y-36) < 200 {
			v += 40
		}
		image[i] = float32(v)
	}
	return image
}

// psnr compares images in [0,255], in dB.
func psnr(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}
