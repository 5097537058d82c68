package manifest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Marshal writes a manifest as YAML. Fields keep the order of their type, empty fields are left out, and
// a part that fits on one line is put on one line. Marshal checks nothing.
func Marshal(m *Manifest) ([]byte, error) {
	return yaml.Marshal(document(reflect.ValueOf(m)))
}

// document turns a value into what the YAML package writes as Marshal promises.
func document(v reflect.Value) any {
	switch special := v.Interface().(type) {
	case BatchSize:
		if special == 0 {
			return dynamic
		}
	case CellMeans:
		return special.String()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return document(v.Elem())
	case reflect.Struct:
		var entries yaml.MapSlice
		for i := range v.NumField() {
			if _, batch := v.Field(i).Interface().(BatchSize); batch || !v.Field(i).IsZero() {
				key := v.Type().Field(i).Tag.Get("yaml")
				entries = append(entries, yaml.MapItem{Key: key, Value: document(v.Field(i))})
			}
		}
		return short(entries)
	case reflect.Map:
		var entries yaml.MapSlice
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), compareKeys) {
			entries = append(entries, yaml.MapItem{Key: key.String(), Value: document(v.MapIndex(key))})
		}
		return short(entries)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = document(v.Index(i))
		}
		return short(list)
	case reflect.String:
		return v.String() // a plain string, whatever its type
	case reflect.Float64:
		if f := v.Float(); f == float64(int64(f)) {
			return int64(f)
		}
	}
	return v.Interface()
}

func compareKeys(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }

// lineLength bounds the part of a document that is put on one line, in bytes.
const lineLength = 96

// flow is a part of a document on one line.
type flow string

// MarshalYAML implements yaml.BytesMarshaler.
func (f flow) MarshalYAML() ([]byte, error) { return []byte(f), nil }

// short returns a part of a document on one line, or as it is if the line would be too long.
func short(value any) any {
	line, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	text := strings.TrimSpace(string(line))
	if err != nil || len(text) > lineLength || strings.Contains(text, "\n") {
		return value
	}
	return flow(text)
}
