// Package models finds models and the ONNX Runtime library, and runs networks.
//
// Load, Find and List read models without ONNX Runtime. Open loads the library, once for the whole
// process. Runtime.NewTranslator and Runtime.NewClassifier open sessions that many goroutines may
// share. A Batch goes in and a new Batch comes out. Both are 8-bit RGB, whatever the network itself takes.
//
// On the CPU the same image and domain code give the same bytes: alone, in a batch or beside other calls.
// A cancelled context ends a running call within the time of one node of the graph, and nothing is
// freed before the call has returned.
package models
