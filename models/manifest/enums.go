package manifest

// A Role says what an input takes or an output gives; see Input and Output.
type Role string

// The roles. Inputs take the first ten, outputs give an image, a latent or one of the last four.
const (
	RoleImage    Role = "image"
	RoleExemplar Role = "exemplar"
	RoleLabelMap Role = "labelmap"
	RoleInstance Role = "instance"
	RoleLabel    Role = "label"
	RoleStrength Role = "strength"
	RoleNoise    Role = "noise"
	RoleCoords   Role = "coords"
	RoleConst    Role = "const"
	RoleLatent   Role = "latent"
	RoleResidual Role = "residual"
	RoleOpacity  Role = "opacity"
	RoleCover    Role = "cover"
	RoleLogits   Role = "logits"
)

var (
	inputRoles = []Role{
		RoleImage, RoleExemplar, RoleLabelMap, RoleInstance, RoleLabel, RoleStrength, RoleNoise,
		RoleCoords, RoleConst, RoleLatent,
	}
	outputRoles = []Role{RoleImage, RoleResidual, RoleOpacity, RoleCover, RoleLogits, RoleLatent}
)

// A DType is the number type of a tensor.
type DType string

// The number types.
const (
	DTypeUint8   DType = "uint8"
	DTypeFloat32 DType = "float32"
	DTypeFloat16 DType = "float16"
	DTypeFloat64 DType = "float64"
	DTypeInt32   DType = "int32"
	DTypeInt64   DType = "int64"
)

// DTypes returns every number type that a manifest may name.
func DTypes() []DType {
	return []DType{DTypeUint8, DTypeFloat32, DTypeFloat16, DTypeFloat64, DTypeInt32, DTypeInt64}
}

// A Layout is the order of the dimensions of an image tensor.
type Layout string

// The layouts: batch, height, width and channels, or batch, channels, height and width.
const (
	LayoutNHWC Layout = "NHWC"
	LayoutNCHW Layout = "NCHW"
)

var layouts = []Layout{LayoutNHWC, LayoutNCHW}

// A Color is the order of an image's channels.
type Color string

// The colours. Gray is the luma of ITU-R BT.601.
const (
	ColorRGB  Color = "RGB"
	ColorBGR  Color = "BGR"
	ColorGray Color = "GRAY"
)

var colors = []Color{ColorRGB, ColorBGR, ColorGray}

// Channels returns 1 for gray and 3 for the other colours.
func (c Color) Channels() int {
	if c == ColorGray {
		return 1
	}
	return channels
}

// A SizeMode says which sizes a network accepts.
type SizeMode string

// The modes of a size: one size only, sides in multiples of a number, or any.
const (
	SizeFixed    SizeMode = "fixed"
	SizeMultiple SizeMode = "multiple"
	SizeAny      SizeMode = "any"
)

// A Fit says how an image is brought to the aspect of the network's size.
type Fit string

// The ways to fit.
const (
	FitStretch Fit = "stretch"
	FitCrop    Fit = "crop"
	FitPad     Fit = "pad"
)

// A Filter is the interpolation that resizes an image.
type Filter string

// The filters.
const (
	FilterNearest  Filter = "nearest"
	FilterBilinear Filter = "bilinear"
	FilterBicubic  Filter = "bicubic"
	FilterLanczos  Filter = "lanczos"
)

// A Restore says which size a result has in the end: the source image's, or the network's.
type Restore string

// The sizes to restore.
const (
	RestoreSource Restore = "source"
	RestoreNone   Restore = "none"
)

// A LabelKind says how a label encodes the target; see Labeled.
type LabelKind string

// The kinds of label.
const (
	LabelScalar   LabelKind = "scalar"
	LabelPair     LabelKind = "pair"
	LabelOnehot   LabelKind = "onehot"
	LabelMultihot LabelKind = "multihot"
	LabelConcat   LabelKind = "concat"
)

// A Base says what a label holds where no target changes it.
type Base string

// The bases: Labeled.Off everywhere, or the labels of the source image.
const (
	BaseZeros  Base = "zeros"
	BaseSource Base = "source"
)

// A StrengthOp says how a strength changes a label; see Manifest.Code.
type StrengthOp string

// The ways to apply a strength.
const (
	StrengthScale StrengthOp = "scale"
	StrengthLerp  StrengthOp = "lerp"
)

// An Encoding says how a label map enters the network; see LabelMap.
type Encoding string

// The encodings of label maps.
const (
	EncodingIndex   Encoding = "index"
	EncodingOnehot  Encoding = "onehot"
	EncodingPalette Encoding = "palette"
)

// A Dist is the distribution of random numbers.
type Dist string

// The distributions: mean 0 and deviation 1, from -1 to 1, and all zero.
const (
	DistNormal  Dist = "normal"
	DistUniform Dist = "uniform"
	DistZeros   Dist = "zeros"
)

// A Scope says which images share random numbers.
type Scope string

// The scopes: each image has its own numbers, or all images of a run share them.
const (
	ScopePerImage Scope = "per_image"
	ScopeShared   Scope = "shared"
)

// A Combine says how a stage's output becomes an image.
type Combine string

// The ways to combine: the output is the image, it is added to the stage's image input, or a cover is laid over
// it.
const (
	CombineReplace Combine = "replace"
	CombineAdd     Combine = "add"
	CombineOver    Combine = "over"
)

// An Activation turns logits into probabilities.
type Activation string

// The activations; none is for a network that gives probabilities.
const (
	ActivationSoftmax Activation = "softmax"
	ActivationSigmoid Activation = "sigmoid"
	ActivationNone    Activation = "none"
)

// A Policy says which classes name an image; see Classification.
type Policy string

// The policies.
const (
	PolicyBest    Policy = "best"
	PolicyUnknown Policy = "unknown"
	PolicyAll     Policy = "all"
)

const (
	// FromAny as the start of a direction is every domain.
	FromAny = "any"
	// FromSource in a stage's feed is the source image.
	FromSource = "source"
	// NoDomain is the domain of an image to which no label applies.
	NoDomain = "none"
	// AnyDim in a shape is a dimension of any size.
	AnyDim = -1
	// MaxSide bounds the sides of images, in pixels, and keeps the arithmetic of shapes far from
	// overflow.
	MaxSide = 1 << 16
	// channels of a source image: red, green and blue.
	channels = 3
)
