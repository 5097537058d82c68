package manifest

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestPageNamesEveryFieldAndValue(t *testing.T) {
	page, err := os.ReadFile("../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	names := fieldsOf(reflect.TypeFor[Manifest](), map[reflect.Type]bool{})
	for _, role := range append(inputRoles, outputRoles...) {
		names = append(names, string(role))
	}
	for _, dtype := range DTypes() {
		names = append(names, string(dtype))
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+name+":") {
			t.Errorf("docs/models.md does not mention `%s`", name)
		}
	}
}

// fieldsOf returns the YAML names of all fields of a type and of the types in it.
func fieldsOf(typ reflect.Type, seen map[reflect.Type]bool) []string {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fieldsOf(typ.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[typ] {
		return nil
	}
	seen[typ] = true
	var names []string
	for i := range typ.NumField() {
		names = append(names, typ.Field(i).Tag.Get("yaml"))
		names = append(names, fieldsOf(typ.Field(i).Type, seen)...)
	}
	return names
}
