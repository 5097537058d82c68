package graph

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// A field is one field of a message.
type field struct {
	number  protowire.Number
	kind    protowire.Type
	content []byte // of a length-delimited one
	value   uint64 // of a number
	raw     []byte // as it was read, tag and all; nil: to be written from the above
}

// split parts a message into its fields.
func split(message []byte) ([]*field, error) {
	var fields []*field
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return nil, errTruncated
		}
		f := &field{number: number, kind: kind}
		n := 0
		switch rest := message[tag:]; kind {
		case protowire.BytesType:
			f.content, n = protowire.ConsumeBytes(rest)
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.value = uint64(v)
		default:
			n = protowire.ConsumeFieldValue(number, kind, rest)
		}
		if n < 0 {
			return nil, errTruncated
		}
		f.raw = message[:tag+n]
		message = message[tag+n:]
		fields = append(fields, f)
	}
	return fields, nil
}

// text returns a length-delimited field of a message as text.
func text(message []byte, number protowire.Number) (string, error) {
	fields, err := split(message)
	found := ""
	for _, f := range fields {
		if f.number == number {
			found = string(f.content)
		}
	}
	return found, err
}

// numbers are the values of a repeated varint, packed or not.
func (f *field) numbers() ([]uint64, error) {
	if f.kind == protowire.VarintType {
		return []uint64{f.value}, nil
	}
	var values []uint64
	for rest := f.content; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return nil, errTruncated
		}
		values, rest = append(values, v), rest[n:]
	}
	return values, nil
}

// floats are the values of a repeated float, packed or not.
func (f *field) floats() ([]float64, error) {
	if f.kind == protowire.Fixed32Type {
		return []float64{float64(math.Float32frombits(uint32(f.value)))}, nil
	}
	var values []float64
	for rest := f.content; len(rest) > 0; {
		v, n := protowire.ConsumeFixed32(rest)
		if n < 0 {
			return nil, errTruncated
		}
		values, rest = append(values, float64(math.Float32frombits(v))), rest[n:]
	}
	return values, nil
}

// A message is one that is being written.
type message []byte

func (m *message) bytes(number protowire.Number, content []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, number, protowire.BytesType), content)
}

func (m *message) text(number protowire.Number, content string) { m.bytes(number, []byte(content)) }

func (m *message) number(number protowire.Number, value uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, number, protowire.VarintType), value)
}

func (m *message) field(f *field) {
	if f.raw != nil {
		*m = append(*m, f.raw...)
		return
	}
	m.bytes(f.number, f.content)
}
