package paths

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"gtx/stages"
)

// filled is a source whose fields are all set.
func filled(t *testing.T) stages.Source {
	var s stages.Source
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if v.Type().Field(i).Name == "Again" {
			continue // of streams, which are not packed
		}
		switch value := f.Addr().Interface().(type) {
		case *error:
			*value = errors.New("an error")
		case *[]string:
			*value = []string{"more"}
		case *[]byte:
			*value = []byte("data")
		default:
			switch f.Kind() {
			case reflect.String:
				f.SetString(fmt.Sprint("text ", i))
			case reflect.Int:
				f.SetInt(int64(i + 1))
			case reflect.Uint64:
				f.SetUint(1 << 63)
			default:
				t.Fatalf("%s: set it here", v.Type().Field(i).Name)
			}
		}
	}
	return s
}

// A field that Source gets and Packed does not know fails here.
func TestPackedSourcesComeBackWhole(t *testing.T) {
	want := []stages.Source{
		{}, filled(t), {}, {In: "a/b/1.png", Relative: "b/1.png", Out: "out/b/1.png", Below: "out"},
		{In: "a/b/2.png", Relative: "b/2.png", Out: "out/b/2.png", Below: "out", Sample: 1, Seed: 7}, {In: "2.png"}, filled(t),
		{In: "a\x00\xff", Relative: "longer than in"},
	}
	var p Packed
	for _, s := range want {
		p.Add(s)
	}
	if got := slices.Collect(p.All); !reflect.DeepEqual(got, want) || p.Len() != len(want) {
		t.Errorf("got %+v", got)
	}
	for range p.All {
		break // may stop early
	}
}

func TestPackedSourcesAreSmall(t *testing.T) {
	const n = 10_000
	var p Packed
	for i := range n {
		path := fmt.Sprintf("folder-%02d/photograph-%06d.png", i/1000, i)
		p.Add(stages.Source{In: "photographs/" + path, Relative: path, Out: "winter/" + path, Below: "winter", Sample: 1})
	}
	if most := 10 * n; len(p.bytes) > most {
		t.Errorf("%d bytes for %d sources", len(p.bytes), n)
	}
}

func TestNamesComeBack(t *testing.T) {
	var l names
	name := func(i int) string { return fmt.Sprintf("folder-%d/%x", i/50, i*i) }
	const n = 3*wholeEach + 5
	for i := range n {
		l.add(name(i))
	}
	for i := range n {
		if got := l.at(i); got != name(i) {
			t.Errorf("%d is %q", i, got)
		}
	}
}

func TestClaimsKnowTheOrder(t *testing.T) {
	var c claims
	name := func(i int) string { return fmt.Sprintf("/out/%d.png", i*i) }
	const n = 1000
	for i := range n {
		if got := c.number(name(i)); got != -1 {
			t.Fatalf("%s is number %d before it is claimed", name(i), got)
		}
		c.add(name(i))
	}
	for i := range n {
		if got := c.number(name(i)); got != i {
			t.Errorf("%s is number %d, not %d", name(i), got, i)
		}
	}
	if most := 19 * n; 8*len(c.hashes)+4*len(c.table) > most {
		t.Errorf("%d + %d entries for %d paths", len(c.hashes), len(c.table), n)
	}
}
