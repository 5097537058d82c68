package onnx

import "google.golang.org/protobuf/encoding/protowire"

// A Number identifies a field of a message.
type Number = protowire.Number

// Fields of ModelProto and of the messages inside it.
const (
	ModelIRVersion     Number = 1
	ModelGraph         Number = 7
	ModelOpset         Number = 8
	ModelMetadataProps Number = 14
	ModelFunctions     Number = 25

	EntryKey   Number = 1
	EntryValue Number = 2

	OpsetDomain  Number = 1
	OpsetVersion Number = 2

	GraphNode        Number = 1
	GraphInitializer Number = 5
	GraphInput       Number = 11
	GraphOutput      Number = 12
	GraphSparse      Number = 15

	FunctionNode Number = 7

	NodeInput     Number = 1
	NodeOutput    Number = 2
	NodeName      Number = 3
	NodeOpType    Number = 4
	NodeAttribute Number = 5
	NodeDomain    Number = 7

	AttributeName    Number = 1
	AttributeFloat   Number = 2
	AttributeInt     Number = 3
	AttributeText    Number = 4
	AttributeTensor  Number = 5
	AttributeGraph   Number = 6
	AttributeFloats  Number = 7
	AttributeInts    Number = 8
	AttributeTensors Number = 10
	AttributeGraphs  Number = 11
	AttributeType    Number = 20
	AttributeSparse  Number = 22
	AttributeSparses Number = 23

	SparseValues  Number = 1
	SparseIndices Number = 2

	TensorDims         Number = 1
	TensorType         Number = 2
	TensorFloatData    Number = 4
	TensorInt32Data    Number = 5
	TensorInt64Data    Number = 7
	TensorName         Number = 8
	TensorRawData      Number = 9
	TensorDoubleData   Number = 10
	TensorExternalData Number = 13
	TensorDataLocation Number = 14

	InfoName Number = 1
	InfoType Number = 2

	TypeTensor  Number = 1
	TypeElement Number = 1 // of TypeProto.Tensor
	TypeShape   Number = 2
	ShapeDim    Number = 1
	DimValue    Number = 1
)
