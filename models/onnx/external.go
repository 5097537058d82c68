package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// An ExternalDataError reports a model that keeps weights in another file.
type ExternalDataError struct {
	Location string // as the model gives it
	Outside  bool   // the file is not in the folder of the model
}

func (e *ExternalDataError) Error() string {
	if e.Outside {
		return fmt.Sprintf("the network keeps weights in %q, outside its own folder", e.Location)
	}
	return fmt.Sprintf("the network keeps weights in another file, %q", e.Location)
}

// Hint tells the user what to do.
func (e *ExternalDataError) Hint() string {
	if e.Outside {
		return "save the network again with its weights in the same folder"
	}
	return "'gtx models add' puts both into one file"
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

// rewriteTensors replaces each tensor of a message with what change returns for it. It returns the
// message itself, without a copy, if change returns every tensor as it is. depth is that of the message.
func rewriteTensors(message []byte, kind messageKind, depth int, change func(tensor []byte) ([]byte, error)) ([]byte, error) {
	if kind == tensorMessage {
		return change(message)
	}
	if depth > MaxDepth {
		return nil, ErrTooDeep
	}
	var out []byte // nil as long as nothing has changed
	at := 0
	err := Each(message, func(f Field) error {
		raw := f.Raw
		if inner, within := tensorsWithin[kind][f.Number]; within && f.Content != nil {
			changed, err := rewriteTensors(f.Content, inner, depth+1, change)
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

// sameSlice reports whether a and b are the same memory.
func sameSlice(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// external says where the values of a tensor lie if they are in another file.
type external struct {
	location       string
	offset, length int64 // in bytes; length -1: to the end of the file
}

// readExternal returns nil for a tensor that contains its values.
func readExternal(tensor []byte) (*external, error) {
	e := &external{length: -1}
	elsewhere := false
	err := Each(tensor, func(f Field) error {
		switch f.Number {
		case TensorDataLocation:
			elsewhere = f.Value == ExternalLocation
		case TensorExternalData:
			return e.readEntry(f.Content)
		}
		return nil
	})
	if err != nil || !elsewhere {
		return nil, err
	}
	return e, nil
}

// readEntry reads one StringStringEntryProto of external_data.
func (e *external) readEntry(entry []byte) error {
	key, err := Text(entry, EntryKey)
	if err != nil {
		return err
	}
	value, err := Text(entry, EntryValue)
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

// CheckSelfContained returns an *ExternalDataError if a model keeps weights in another file.
func CheckSelfContained(model []byte) error {
	_, err := rewriteTensors(model, modelMessage, 0, func(tensor []byte) ([]byte, error) {
		e, err := readExternal(tensor)
		if err != nil || e == nil {
			return tensor, err
		}
		return nil, &ExternalDataError{Location: e.location, Outside: !filepath.IsLocal(e.location)}
	})
	return err
}

// InlineWeights returns a model that contains the weights that it kept in other files of its folder. A
// file outside the folder is an error and is never read, even if a symbolic link leads there; if the
// model itself names such a file, the error is an *ExternalDataError. Weights that would make the model
// larger than MaxModelBytes are an error too.
func InlineWeights(model []byte, folder string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	total := int64(len(model))
	return rewriteTensors(model, modelMessage, 0, func(tensor []byte) ([]byte, error) {
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

// read returns the values of a tensor, at most limit bytes.
func (e *external) read(root *os.Root, limit int64) ([]byte, error) {
	file, err := root.Open(e.location)
	if err != nil {
		return nil, errors.Unwrap(err) // without the path, which the caller adds
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
		return nil, fmt.Errorf("the file has only %d bytes, too few for %d from byte %d on", info.Size(), length, e.offset)
	case length > limit:
		return nil, ErrTooLarge
	}
	values := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, e.offset, length), values)
	return values, err
}

// withValues returns a tensor that contains its values instead of saying where they lie.
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
