package manifest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// An Error names the field of a manifest that is wrong.
type Error struct {
	Field   string // such as inputs[0].size.mode; empty for the document as a whole
	Problem string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return "manifest: " + e.Problem
	}
	return "manifest: " + e.Field + ": " + e.Problem
}

// Errorf returns an *Error for a field, whose path is as in Error.Field.
func Errorf(field, format string, args ...any) error {
	return &Error{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// A decoder fills itself from a value of the document.
type decoder interface {
	decode(field string, value any) error
}

// decode stores a value of a YAML document in a Go value, whose struct fields name their keys with
// the tag "yaml". It exists because errors must name the field by its full path, which the YAML
// package's own strict mode does not know.
func decode(field string, value any, into reflect.Value) error {
	if d, ok := into.Addr().Interface().(decoder); ok {
		return d.decode(field, value)
	}
	mismatch := func(want string) error { return Errorf(field, "%v is not %s", show(value), want) }
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return decode(field, value, into.Elem())
	case reflect.Interface:
		into.Set(reflect.ValueOf(&value).Elem())
	case reflect.Struct:
		entries, ok := value.(map[string]any)
		if !ok {
			return mismatch("a mapping")
		}
		return decodeStruct(field, entries, into)
	case reflect.Map:
		entries, ok := value.(map[string]any)
		if !ok {
			return mismatch("a mapping")
		}
		into.Set(reflect.MakeMap(into.Type()))
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			element := reflect.New(into.Type().Elem()).Elem()
			if err := decode(under(field, key), entries[key], element); err != nil {
				return err
			}
			into.SetMapIndex(reflect.ValueOf(key), element)
		}
	case reflect.Slice:
		elements, ok := value.([]any)
		if !ok {
			return mismatch("a list")
		}
		into.Set(reflect.MakeSlice(into.Type(), len(elements), len(elements)))
		for i, element := range elements {
			if err := decode(fmt.Sprintf("%s[%d]", field, i), element, into.Index(i)); err != nil {
				return err
			}
		}
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return mismatch("a string (put it in quotes)")
		}
		into.SetString(s)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return mismatch("true or false")
		}
		into.SetBool(b)
	case reflect.Int:
		n, ok := integer(value)
		if !ok {
			return mismatch("a whole number")
		}
		into.SetInt(n)
	case reflect.Float64:
		switch f := value.(type) {
		case float64:
			into.SetFloat(f)
		default:
			n, ok := integer(value)
			if !ok {
				return mismatch("a number")
			}
			into.SetFloat(float64(n))
		}
	default:
		panic("manifest: no field has the kind " + into.Kind().String())
	}
	return nil
}

func decodeStruct(field string, entries map[string]any, into reflect.Value) error {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		i := fieldOf(into.Type(), key)
		if i < 0 {
			return Errorf(under(field, key), "unknown field")
		}
		if err := decode(under(field, key), entries[key], into.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf returns the index of the struct field for a key, or -1.
func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return i
		}
	}
	return -1
}

// integer accepts the types that the YAML package gives to whole numbers.
func integer(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case uint64:
		return int64(n), n < 1<<62
	}
	return 0, false
}

// show renders a value of the document for a message.
func show(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case nil:
		return "an empty value"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	return fmt.Sprint(value)
}

func under(field, key string) string {
	return strings.TrimPrefix(field+"."+key, ".")
}
