package stages

import "context"

// A Method says how the network's change is applied to a larger photograph.
type Method string

const (
	Affine    Method = "affine"
	Laplacian Method = "laplacian"
	// Plain enlarges the network's result instead.
	Plain Method = "none"
)

// Methods lists all methods, the best first. docs/detail.md compares them.
var Methods = []Method{Affine, Laplacian, Plain}

// DetailOptions says how the result gets the detail of the photograph.
type DetailOptions struct {
	Size   Size
	Method Method
	Keep   bool // stay in the colours of the photograph's own profile
}

// Decode returns DecodeOnce if results are made of the photograph's own pixels, or else Decode.
func (o DetailOptions) Decode(shape Shape) func(context.Context, File) (Image, error) {
	if o.Method == Plain || o.Size.kind == sizeModel {
		return Decode(shape)
	}
	return DecodeOnce(shape)
}

// Detail returns the stage that determines how the network changed a photograph, so
// that Encode can change all of its pixels in the same way: a network sees a few
// hundred per side, and the photograph has thousands.
//
// A result of the photograph's own size that needs no enlarging is the photograph
// plus the difference that the network made. It loses nothing to 8 bits, sRGB or
// scaling. Smaller results are only scaled.
func Detail(o DetailOptions) func(context.Context, Checked) (Checked, error) {
	return func(_ context.Context, c Checked) (Checked, error) {
		width, height := o.Size.of(c.Image, c.Result)
		larger := width*height > c.Result.Width*c.Result.Height
		whole := width == c.Width && height == c.Height
		same := width == c.Result.Width && height == c.Result.Height
		own := o.Keep && c.original.own != nil
		if c.Keep || o.Method == Plain || !larger && !whole || same && !own && !c.original.deep {
			return c, nil
		}
		small, result, layers := c.Pixels, c.Result, c.Layers
		var err error
		if !larger {
			if result, err = resized(result, width, height); err != nil {
				return c, err
			}
		}
		if small, err = resized(small, result.Width, result.Height); err != nil {
			return c, err
		}
		if own {
			all := []*Pixels{&small, &result}
			if layers != nil {
				layers = &Layers{Beneath: layers.Beneath, Opacity: layers.Opacity}
				all = append(all, &layers.Beneath)
			}
			for _, p := range all {
				if *p, err = inProfile(*p, c.original.own); err != nil {
					return c, err
				}
			}
		}
		switch {
		case !larger:
			c.change = &change{less: small, more: result}
		case o.Method == Laplacian:
			c.change = laplacianChange(small, result)
		default:
			c.change = affineChange(small, result, layers)
		}
		return c, nil
	}
}
