package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Field is one field of a message.
type Field struct {
	Number  Number
	Kind    protowire.Type
	Content []byte // if length-delimited, and then never nil
	Value   uint64 // if a varint or 32 bits wide
	Raw     []byte // the bytes as read, with the tag; nil for a field to be written from Content
}

// Split returns the fields of a message, in order. They share its memory.
func Split(message []byte) ([]*Field, error) {
	var fields []*Field
	err := Each(message, func(f Field) error {
		fields = append(fields, &f)
		return nil
	})
	return fields, err
}

// Each calls visit for each field of a message, in order, and stops at the first error. Fields share the
// memory of the message.
func Each(message []byte, visit func(Field) error) error {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return ErrTruncated
		}
		f := Field{Number: number, Kind: kind}
		n := 0
		switch rest := message[tag:]; kind {
		case protowire.BytesType:
			if f.Content, n = protowire.ConsumeBytes(rest); f.Content == nil {
				f.Content = []byte{}
			}
		case protowire.VarintType:
			f.Value, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.Value = uint64(v)
		default:
			n = protowire.ConsumeFieldValue(number, kind, rest)
		}
		if n < 0 {
			return ErrTruncated
		}
		f.Raw = message[:tag+n]
		message = message[tag+n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// eachOf calls visit for each field of a message that has the given number.
func eachOf(message []byte, number Number, visit func(Field) error) error {
	return Each(message, func(f Field) error {
		if f.Number != number {
			return nil
		}
		return visit(f)
	})
}

// Text returns the string in the last field with a number, or "" if there is none. Protobuf, too, lets
// the last of repeated singular fields win.
func Text(message []byte, number Number) (string, error) {
	found := ""
	err := Each(message, func(f Field) error {
		if f.Number == number {
			found = string(f.Content)
		}
		return nil
	})
	return found, err
}

// Numbers returns the values of a repeated varint, packed or not.
func (f *Field) Numbers() ([]uint64, error) {
	if f.Kind == protowire.VarintType {
		return []uint64{f.Value}, nil
	}
	var values []uint64
	for rest := f.Content; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return nil, ErrTruncated
		}
		values, rest = append(values, v), rest[n:]
	}
	return values, nil
}

// Floats returns the values of a repeated float, packed or not.
func (f *Field) Floats() ([]float64, error) {
	if f.Kind == protowire.Fixed32Type {
		return []float64{float64(math.Float32frombits(uint32(f.Value)))}, nil
	}
	var values []float64
	for rest := f.Content; len(rest) > 0; {
		v, n := protowire.ConsumeFixed32(rest)
		if n < 0 {
			return nil, ErrTruncated
		}
		values, rest = append(values, float64(math.Float32frombits(v))), rest[n:]
	}
	return values, nil
}

// A Message is a message under construction; its zero value is empty.
type Message []byte

// Bytes appends a length-delimited field.
func (m *Message) Bytes(number Number, content []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, number, protowire.BytesType), content)
}

// Text appends a string.
func (m *Message) Text(number Number, content string) { m.Bytes(number, []byte(content)) }

// Number appends a varint.
func (m *Message) Number(number Number, value uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, number, protowire.VarintType), value)
}

// Field appends a field: its Raw bytes, or its Content if Raw is nil.
func (m *Message) Field(f *Field) {
	if f.Raw != nil {
		*m = append(*m, f.Raw...)
		return
	}
	m.Bytes(f.Number, f.Content)
}
