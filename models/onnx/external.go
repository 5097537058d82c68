package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
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

// A messageKind is a kind of message that can contain tensors.
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

// tensorsWithin maps a kind of message to its fields that can contain tensors, and to their kinds.
var tensorsWithin = map[messageKind]map[Number]messageKind{
	modelMessage: {ModelGraph: graphMessage, ModelFunctions: functionMessage},
	graphMessage: {GraphNode: nodeMessage, GraphInitializer: tensorMessage, GraphSparse: sparseMessage},
	nodeMessage:  {NodeAttribute: attributeMessage},
	attributeMessage: {
		AttributeTensor: tensorMessage, AttributeTensors: tensorMessage,
		AttributeGraph: graphMessage, AttributeGraphs: graphMessage,
		AttributeSparse: sparseMessage, AttributeSparses: sparseMessage,
	},
	functionMessage: {FunctionNode: nodeMessage},
	sparseMessage:   {SparseValues: tensorMessage, SparseIndices: tensorMessage},
}

// rewriteTensors passes each tensor of a message through a function, which returns it as it is or
// another one. A message without changes is returned without being copied.
func rewriteTensors(message []byte, kind messageKind, change func([]byte) ([]byte, error)) ([]byte, error) {
	if kind == tensorMessage {
		return change(message)
	}
	var out []byte // nil: nothing has changed so far
	at := 0
	err := Each(message, func(f Field) error {
		raw := f.Raw
		if inner, within := tensorsWithin[kind][f.Number]; within && f.Content != nil {
			changed, err := rewriteTensors(f.Content, inner, change)
			if err != nil {
				return err
			}
			if !sameSlice(f.Content, changed) {
				if out == nil {
					out = append([]byte{}, message[:at]...)
				}
				var rebuilt Message
				rebuilt.Bytes(f.Number, changed)
				raw = rebuilt
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
	err := Each(tensor, func(f Field) error {
		switch f.Number {
		case TensorDataLocation:
			outside = f.Value == externalLocation
		case TensorExternalData:
			key, err := Text(f.Content, EntryKey)
			if err != nil {
				return err
			}
			value, err := Text(f.Content, EntryValue)
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

// CheckSelfContained is an *ExternalDataError for a network with weights in another file.
func CheckSelfContained(network []byte) error {
	_, err := rewriteTensors(network, modelMessage, func(tensor []byte) ([]byte, error) {
		e, err := readExternal(tensor)
		if err != nil || e == nil {
			return tensor, err
		}
		return nil, &ExternalDataError{Location: e.location, Outside: !filepath.IsLocal(e.location)}
	})
	return err
}

// InlineWeights returns a network with the weights in it that it keeps in other files of its folder.
func InlineWeights(network []byte, folder string) ([]byte, error) {
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
		values, err := e.read(root, MaxModelBytes-total)
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
		return nil, ErrTooLarge
	}
	values := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, e.offset, length), values)
	return values, err
}

// withValues is a tensor that has its values, instead of saying where they are.
func withValues(tensor, values []byte) ([]byte, error) {
	var out Message
	err := Each(tensor, func(f Field) error {
		if f.Number != TensorExternalData && f.Number != TensorDataLocation {
			out.Field(&f)
		}
		return nil
	})
	out.Bytes(TensorRawData, values)
	return out, err
}
