package manifest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Marshal writes a document as YAML, with its keys in the order of the fields of Manifest. It checks
// nothing.
func Marshal(document map[string]any) ([]byte, error) {
	return yaml.Marshal(inOrder(document, reflect.TypeFor[Manifest]()))
}

// inOrder turns a document into one whose keys are in the order of the fields of a type, and which is
// written short: what fits a line is put on one.
func inOrder(value any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		element := func(string) reflect.Type { return reflect.TypeFor[any]() }
		switch t.Kind() {
		case reflect.Struct:
			slices.SortStableFunc(keys, func(a, b string) int { return fieldRank(t, a) - fieldRank(t, b) })
			element = func(key string) reflect.Type {
				if i := fieldOf(t, key); i >= 0 {
					return t.Field(i).Type
				}
				return reflect.TypeFor[any]()
			}
		case reflect.Map:
			element = func(string) reflect.Type { return t.Elem() }
		}
		ordered := make(yaml.MapSlice, len(keys))
		for i, key := range keys {
			ordered[i] = yaml.MapItem{Key: key, Value: inOrder(v[key], element(key))}
		}
		return short(ordered)
	case []any:
		inner := reflect.TypeFor[any]()
		if t.Kind() == reflect.Slice {
			inner = t.Elem()
		}
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = inOrder(element, inner)
		}
		return short(list)
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return value
}

func fieldRank(t reflect.Type, key string) int {
	if i := fieldOf(t, key); i >= 0 {
		return i
	}
	return t.NumField()
}

// lineLength is how long a part of a document on one line may be.
const lineLength = 96

// flow is a part of a document on one line.
type flow string

// MarshalYAML implements yaml.BytesMarshaler.
func (f flow) MarshalYAML() ([]byte, error) { return []byte(f), nil }

func short(value any) any {
	line, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	text := strings.TrimSpace(string(line))
	if err != nil || len(text) > lineLength || strings.Contains(text, "\n") {
		return value
	}
	return flow(text)
}
