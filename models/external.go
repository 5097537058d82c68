package models

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// An ExternalDataError says that a network keeps weights in another file.
type ExternalDataError struct {
	Location string // as the network names it
	Outside  bool   // of the network's own folder
}

func (e *ExternalDataError) Error() string {
	if e.Outside {
		return fmt.Sprintf("the network keeps weights in %q, outside its own folder", e.Location)
	}
	return fmt.Sprintf("the network keeps weights in another file, %q", e.Location)
}

// Hint says how to go on.
func (e *ExternalDataError) Hint() string {
	if e.Outside {
		return "put the file beside the network and save that anew"
	}
	return "'gtx models add' makes one file of both"
}

// Where a ModelProto has tensors: for a kind of message, its fields that can contain some. Fields are
// those of onnx.proto3, as in onnx.go.
type messageKind int

const (
	modelMessage messageKind = iota
	graphMessage
	nodeMessage
	attributeMessage
	functionMessage
	sparseMessage
	tensorMessage
)

var tensorsWithin = map[messageKind]map[protowire.Number]messageKind{
	modelMessage:     {modelGraph: graphMessage, 25: functionMessage},
	graphMessage:     {graphNode: nodeMessage, graphInitializer: tensorMessage, 15: sparseMessage},
	nodeMessage:      {5: attributeMessage},
	attributeMessage: {5: tensorMessage, 6: graphMessage, 10: tensorMessage, 11: graphMessage, 22: sparseMessage, 23: sparseMessage},
	functionMessage:  {7: nodeMessage},
	sparseMessage:    {1: tensorMessage, 2: tensorMessage},
}

const (
	tensorRawData      protowire.Number = 9
	tensorExternalData protowire.Number = 13
	tensorDataLocation protowire.Number = 14
	externallyStored                    = 1
)

// rewriteTensors passes each tensor of a message through a function, which returns it as it is or
// another one. A message without changes is returned without being copied.
func rewriteTensors(message []byte, kind messageKind, change func([]byte) ([]byte, error)) ([]byte, error) {
	if kind == tensorMessage {
		return change(message)
	}
	var out []byte // nil: nothing has changed so far
	at := 0
	err := eachRaw(message, func(number protowire.Number, content, raw []byte) error {
		if inner, within := tensorsWithin[kind][number]; within && content != nil {
			changed, err := rewriteTensors(content, inner, change)
			if err != nil {
				return err
			}
			if !sameSlice(content, changed) {
				if out == nil {
					out = append([]byte{}, message[:at]...)
				}
				raw = appendMessage(nil, number, changed)
			}
		}
		if out != nil {
			out = append(out, raw...)
		} else {
			at += len(raw)
		}
		return nil
	})
	if out == nil {
		return message, err
	}
	return out, err
}

func sameSlice(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// external is where a tensor's values are, if not in the network.
type external struct {
	location       string
	offset, length int64 // length -1: to the end of the file
}

// readExternal returns nil for a tensor that has its values.
func readExternal(tensor []byte) (*external, error) {
	e := &external{length: -1}
	outside := false
	err := eachField(tensor, func(f field) error {
		switch f.number {
		case tensorDataLocation:
			outside = f.value == externallyStored
		case tensorExternalData:
			key, err := text(f.content, entryKey)
			if err != nil {
				return err
			}
			value, err := text(f.content, entryValue)
			if err != nil {
				return err
			}
			switch key {
			case "location":
				e.location = value
			case "offset":
				e.offset, err = strconv.ParseInt(value, 10, 64)
			case "length":
				e.length, err = strconv.ParseInt(value, 10, 64)
			}
			return err
		}
		return nil
	})
	if err != nil || !outside {
		return nil, err
	}
	return e, nil
}

// refuseExternal is an *ExternalDataError for a network with weights in another file.
func refuseExternal(network []byte) error {
	_, err := rewriteTensors(network, modelMessage, func(tensor []byte) ([]byte, error) {
		e, err := readExternal(tensor)
		if err != nil || e == nil {
			return tensor, err
		}
		return nil, &ExternalDataError{Location: e.location, Outside: !filepath.IsLocal(e.location)}
	})
	return err
}

// inlineExternal returns a network with the weights in it that it keeps in other files of its folder.
func inlineExternal(network []byte, folder string) ([]byte, error) {
	root, err := os.OpenRoot(folder) // which nothing escapes, by symbolic links neither
	if err != nil {
		return nil, err
	}
	defer root.Close()
	total := int64(len(network))
	return rewriteTensors(network, modelMessage, func(tensor []byte) ([]byte, error) {
		e, err := readExternal(tensor)
		if err != nil || e == nil {
			return tensor, err
		}
		if !filepath.IsLocal(e.location) {
			return nil, &ExternalDataError{Location: e.location, Outside: true}
		}
		values, err := e.read(root, maxModelBytes-total)
		if err != nil {
			return nil, fmt.Errorf("weights in %q: %w", e.location, err)
		}
		total += int64(len(values))
		return withValues(tensor, values)
	})
}

func (e *external) read(root *os.Root, most int64) ([]byte, error) {
	file, err := root.Open(e.location)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	length := e.length
	if length < 0 {
		length = info.Size() - e.offset
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case e.offset < 0 || length < 0 || length > info.Size() || e.offset > info.Size()-length:
		return nil, fmt.Errorf("%d bytes from %d on are not there: the file has %d", length, e.offset, info.Size())
	case length > most:
		return nil, errTooLarge
	}
	values := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, e.offset, length), values)
	return values, err
}

// withValues is a tensor that has its values, instead of saying where they are.
func withValues(tensor, values []byte) ([]byte, error) {
	var out []byte
	err := eachRaw(tensor, func(number protowire.Number, _, raw []byte) error {
		if number != tensorExternalData && number != tensorDataLocation {
			out = append(out, raw...)
		}
		return nil
	})
	return appendMessage(out, tensorRawData, values), err
}
