package stages

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// inverter is a Network that makes negatives. It can also return the image itself as a
// second result. shrink makes its answer too short.
type inverter struct {
	shrink func(*Batch)
	twice  bool
	in     Batch
}

func (n *inverter) Run(_ context.Context, in Batch) ([]Batch, error) {
	n.in = in
	out := in
	out.Pixels = make([]byte, len(in.Pixels))
	for i, v := range in.Pixels {
		out.Pixels[i] = 255 - v
	}
	if n.shrink != nil {
		n.shrink(&out)
	}
	if n.twice {
		return []Batch{out, in}, nil
	}
	return []Batch{out}, nil
}

func TestBatchesKeepTheirOrder(t *testing.T) {
	for n := 1; n <= 5; n++ {
		network := &inverter{twice: n%2 == 0}
		in := batch(n)
		for i := range in {
			in[i].Domain, in[i].Source.Seed = fmt.Sprint("d", i), uint64(i)
		}
		out, err := Translate(network)(context.Background(), in)
		if err != nil || len(out) != n || len(network.in.From) != n || len(network.in.Seeds) != n {
			t.Fatalf("%d: %d results of %+v, %v", n, len(out), network.in, err)
		}
		for i, o := range out {
			if o.Source.In != fmt.Sprint(i) || o.Result.Data[0] != byte(255-i) || in[i].Pixels.Data[0] != byte(i) {
				t.Errorf("%d of %d: %s, %d", i, n, o.Source.In, o.Result.Data[0])
			}
			if network.in.From[i] != fmt.Sprint("d", i) || network.in.Seeds[i] != uint64(i) {
				t.Errorf("%d of %d: from %s, seed %d", i, n, network.in.From[i], network.in.Seeds[i])
			}
			if len(o.Result.Data) != len(in[i].Pixels.Data) || cap(o.Result.Data) != len(o.Result.Data) {
				t.Errorf("%d of %d: %d bytes of %d", i, n, len(o.Result.Data), cap(o.Result.Data))
			}
			if len(o.More) != 1-n%2 || len(o.More) == 1 && o.More[0].Data[0] != byte(i) {
				t.Errorf("%d of %d: %d further results", i, n, len(o.More))
			}
		}
	}
}

func TestKeysGroupShapesThatGoOneWay(t *testing.T) {
	of := func(w, h int, keep bool, from string) TranslationKey {
		return TranslateKey(Labelled{Image: Image{Pixels: Pixels{Width: w, Height: h, Bands: 3}}, Keep: keep, Domain: from})
	}
	if of(4, 8, false, "") == of(8, 4, false, "") || of(4, 8, false, "") == of(4, 8, true, "") || of(4, 8, true, "") != of(8, 4, true, "a") {
		t.Error("shapes are mixed, or told apart where they are kept")
	}
	if of(4, 8, false, "a") == of(4, 8, false, "b") {
		t.Error("images of different domains share a batch")
	}
}

func TestGeneratedImagesAreNumberedAndOfTheNetworksSize(t *testing.T) {
	files := make([]File, 3)
	for i := range files {
		files[i], _ = Blank(context.Background(), Source{In: fmt.Sprint(i), Seed: uint64(7 + i)})
	}
	out, err := Generate(noise{})(context.Background(), files)
	if err != nil || len(out) != 3 {
		t.Fatal(out, err)
	}
	for i, o := range out {
		if o.Source.In != fmt.Sprint(i) || o.Width != 2 || o.Height != 1 || o.Result.Data[0] != byte(7+i) || o.Digest == out[(i+1)%3].Digest {
			t.Errorf("%d: %+v", i, o)
		}
	}
}

// noise is a Network that makes images of 2×1 from the seeds alone.
type noise struct{}

func (noise) Run(_ context.Context, in Batch) ([]Batch, error) {
	out := Batch{N: in.N, Width: 2, Height: 1}
	for _, seed := range in.Seeds {
		out.Pixels = append(out.Pixels, byte(seed), 0, 0, 0, 0, 0)
	}
	return []Batch{out}, nil
}

func TestWrongAnswersOfANetworkAreErrors(t *testing.T) {
	for name, spoil := range map[string]func(*Batch){
		"one missing": func(b *Batch) { b.N--; b.Pixels = b.Pixels[:len(b.Pixels)/2] },
		"short":       func(b *Batch) { b.Pixels = b.Pixels[1:] },
		"no size":     func(b *Batch) { b.Width = 0 },
		"other size":  func(b *Batch) { b.Width++ },
		"nothing":     func(b *Batch) { *b = Batch{} },
	} {
		if _, err := Translate(&inverter{shrink: spoil})(context.Background(), batch(2)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeptImagesBypassTheNetwork(t *testing.T) {
	in := batch(2)
	in[0].Keep, in[1].Keep = true, true
	out, err := Translate(nil)(context.Background(), in)
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

func TestClassifyNamesEachImageOfABatch(t *testing.T) {
	images := []Image{
		{Pixels: flat(250, 20, 20)}, {Pixels: flat(10, 30, 20)}, {Pixels: flat(255, 8, 8)}, {Pixels: flat(140, 20, 20)},
	}
	o := LabelOptions{Target: "day", InTarget: InTargetCopy, Threshold: 0.9}
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
		{"", LabelOptions{Target: "day", InTarget: InTargetCopy}, Labelled{}},
		{"night,rain", LabelOptions{Target: "rain", InTarget: InTargetCopy}, Labelled{Domain: "night,rain", P: 1, Keep: true}},
		{"night,rain", LabelOptions{Target: "rain,not-snow", InTarget: InTargetCopy}, Labelled{Domain: "night,rain", P: 1, Keep: true}},
		{"night,rain", LabelOptions{Target: "night,not-rain", InTarget: InTargetCopy}, Labelled{Domain: "night,rain", P: 1}},
		{"night", LabelOptions{Target: "day", InTarget: InTargetCopy}, Labelled{Domain: "night", P: 1}},
		{"day", LabelOptions{Target: "day", InTarget: InTargetCopy}, Labelled{Domain: "day", P: 1, Keep: true}},
		{"day", LabelOptions{Target: "day", InTarget: InTargetSkip}, Labelled{Domain: "day", P: 1, Keep: true}},
		{"day", LabelOptions{Target: "day", InTarget: InTargetTranslate}, Labelled{Domain: "day", P: 1}},
		{"day", LabelOptions{}, Labelled{Domain: "day", P: 1}},
	} {
		got, err := Label(c.domain, c.o)(context.Background(), Image{})
		if err != nil || got.Domain != c.want.Domain || got.P != c.want.P || got.Keep != c.want.Keep {
			t.Errorf("%q, %+v: %+v, %v", c.domain, c.o, got, err)
		}
	}
}
