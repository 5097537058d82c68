// Package models finds, reads, adds and runs models. A model is an ONNX network with a manifest that says
// what the network takes and gives; see package manifest.
//
// Load, Find and List read models and need no ONNX Runtime. Open loads ONNX Runtime once for the whole
// process. Runtime.NewTranslator and Runtime.NewClassifier make sessions that many goroutines may share.
// A Batch goes in and a new Batch comes out, as 8-bit RGB whatever the network itself takes. Runtime.Add
// makes a model from a network, and Runtime.Verify tries a model.
//
// On the CPU the same image and request give the same bytes: alone, in a batch or beside other calls. If its
// context ends, a running call returns within the time of one node of the graph. No memory is freed before
// the call has returned.
package models
