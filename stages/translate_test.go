package stages

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// inverter is a Network that makes negatives; shrink spoils its answer.
type inverter struct {
	shrink func(*Batch)
	codes  []float32
}

func (n *inverter) Run(_ context.Context, in Batch) (Batch, error) {
	n.codes = in.Codes
	out := in
	out.Pixels = make([]byte, len(in.Pixels))
	for i, v := range in.Pixels {
		out.Pixels[i] = 255 - v
	}
	if n.shrink != nil {
		n.shrink(&out)
	}
	return out, nil
}

func batch(n int) []Labelled {
	var images []Labelled
	for i := range n {
		p := scene(16, 12)
		p.Data[0] = byte(i)
		images = append(images, Labelled{Image: Image{Source: Source{In: fmt.Sprint(i)}, Pixels: p}})
	}
	return images
}

func TestBatchesKeepTheirOrder(t *testing.T) {
	for n := 1; n <= 5; n++ {
		network := &inverter{}
		in := batch(n)
		code := float32(0.5)
		out, err := Translate(network, &code)(context.Background(), in)
		if err != nil || len(out) != n || len(network.codes) != n {
			t.Fatalf("%d: %d results, codes %v, %v", n, len(out), network.codes, err)
		}
		for i, o := range out {
			if o.Source.In != fmt.Sprint(i) || o.Result.Data[0] != byte(255-i) || network.codes[i] != 0.5 || in[i].Pixels.Data[0] != byte(i) {
				t.Errorf("%d of %d: %s, %d", i, n, o.Source.In, o.Result.Data[0])
			}
			if len(o.Result.Data) != len(in[i].Pixels.Data) || cap(o.Result.Data) != len(o.Result.Data) {
				t.Errorf("%d of %d: %d bytes of %d", i, n, len(o.Result.Data), cap(o.Result.Data))
			}
		}
	}
}

func TestKeysGroupShapes(t *testing.T) {
	of := func(w, h int, keep bool) [3]int {
		return TranslateKey(Labelled{Image: Image{Pixels: Pixels{Width: w, Height: h, Bands: 3}}, Keep: keep})
	}
	if of(4, 8, false) == of(8, 4, false) || of(4, 8, false) == of(4, 8, true) || of(4, 8, true) != of(8, 4, true) {
		t.Error("shapes are mixed, or told apart where they are kept")
	}
}

func TestWrongAnswersOfANetworkAreErrors(t *testing.T) {
	for name, spoil := range map[string]func(*Batch){
		"one missing": func(b *Batch) { b.N--; b.Pixels = b.Pixels[:len(b.Pixels)/2] },
		"short":       func(b *Batch) { b.Pixels = b.Pixels[1:] },
		"no size":     func(b *Batch) { b.Width = 0 },
		"other size":  func(b *Batch) { b.Width++ },
		"nothing":     func(b *Batch) { *b = Batch{} },
	} {
		if _, err := Translate(&inverter{shrink: spoil}, nil)(context.Background(), batch(2)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNetworksWithoutACodeGetNone(t *testing.T) {
	n := &inverter{codes: []float32{1}}
	if _, err := Translate(n, nil)(context.Background(), batch(2)); err != nil || n.codes != nil {
		t.Errorf("%v, %v", n.codes, err)
	}
}

func TestKeptImagesBypassTheNetwork(t *testing.T) {
	in := batch(2)
	in[0].Keep, in[1].Keep = true, true
	out, err := Translate(nil, nil)(context.Background(), in)
	if err != nil || len(out) != 2 || out[1].Source.In != "1" || out[0].Result.Data != nil {
		t.Errorf("%v, %v", out, err)
	}
}

// brightness is a Classifier whose probability of "day" is the first sample.
type brightness struct {
	short, fail bool
	n           int
}

func (b *brightness) Classes() []string { return []string{"night", "day"} }

func (b *brightness) Run(_ context.Context, in Batch) ([]float32, error) {
	b.n = in.N
	var p []float32
	for i := range in.N {
		day := float32(in.Pixels[i*len(in.Pixels)/in.N]) / 255
		p = append(p, 1-day, day)
	}
	if b.short {
		p = p[1:]
	}
	if b.fail {
		return nil, errors.New("no classifier")
	}
	return p, nil
}

func flat(level byte, w, h int) Pixels {
	p := Pixels{Width: w, Height: h, Bands: 3, Data: make([]byte, 3*w*h)}
	for i := range p.Data {
		p.Data[i] = level
	}
	return p
}

func TestClassifyNamesEachPictureOfABatch(t *testing.T) {
	images := []Image{
		{Pixels: flat(250, 20, 20)}, {Pixels: flat(10, 30, 20)}, {Pixels: flat(255, 8, 8)}, {Pixels: flat(140, 20, 20)},
	}
	o := LabelOptions{Target: "day", InTarget: Copy, Threshold: 0.9}
	c := &brightness{}
	got, err := Classify(c, square(8), o)(context.Background(), images)
	if err != nil || c.n != 4 {
		t.Fatal(c.n, err)
	}
	for i, want := range []struct {
		domain string
		keep   bool
	}{{"day", true}, {"night", false}, {"day", true}, {"day", false}} {
		if got[i].Domain != want.domain || got[i].Keep != want.keep || got[i].P < 0.5 || len(got[i].Pixels.Data) != len(images[i].Pixels.Data) {
			t.Errorf("%d: %s with %.2f, keep %v", i, got[i].Domain, got[i].P, got[i].Keep)
		}
	}
	for _, c := range []*brightness{{short: true}, {fail: true}} {
		if _, err := Classify(c, square(8), o)(context.Background(), images); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestLabelStandsInForTheClassifier(t *testing.T) {
	for _, c := range []struct {
		domain string
		o      LabelOptions
		want   Labelled
	}{
		{"", LabelOptions{Target: "day", InTarget: Copy}, Labelled{}},
		{"night", LabelOptions{Target: "day", InTarget: Copy}, Labelled{Domain: "night", P: 1}},
		{"day", LabelOptions{Target: "day", InTarget: Copy}, Labelled{Domain: "day", P: 1, Keep: true}},
		{"day", LabelOptions{Target: "day", InTarget: LeaveOut}, Labelled{Domain: "day", P: 1, Keep: true}},
		{"day", LabelOptions{Target: "day", InTarget: TranslateAnyway}, Labelled{Domain: "day", P: 1}},
		{"day", LabelOptions{}, Labelled{Domain: "day", P: 1}},
	} {
		got, err := Label(c.domain, c.o)(context.Background(), Image{})
		if err != nil || got.Domain != c.want.Domain || got.P != c.want.P || got.Keep != c.want.Keep {
			t.Errorf("%q, %+v: %+v, %v", c.domain, c.o, got, err)
		}
	}
}
