package stages

import "context"

// A Method says how a network's work is carried over to a larger photograph.
type Method string

const (
	Affine    Method = "affine"
	Laplacian Method = "laplacian"
	// Plain does not carry it over: what the network gave is enlarged.
	Plain Method = "none"
)

// Methods lists them, the best first: docs/detail.md has the comparison.
var Methods = []Method{Affine, Laplacian, Plain}

// DetailOptions says how a result gets the detail of its photograph.
type DetailOptions struct {
	Size   Size
	Method Method
	Keep   bool // in the colours of the photograph's own profile
}

// Detail returns the stage that finds out what the network did to a photograph, so
// that Encode can do the same to all of its pixels: a network sees a few hundred,
// and the photograph has thousands.
//
// A result of the photograph's size that is not larger than the network's is the
// photograph plus the difference that the network made: nothing is lost of what
// 8 bits, sRGB or scaling would have taken. Smaller results are only scaled.
func Detail(o DetailOptions) func(context.Context, Checked) (Checked, error) {
	return func(_ context.Context, c Checked) (Checked, error) {
		width, height := o.Size.of(c.Image, c.Result)
		larger := width*height > c.Result.Width*c.Result.Height
		whole := width == c.Width && height == c.Height
		same := width == c.Result.Width && height == c.Result.Height
		own := o.Keep && c.how.own != nil
		if c.Keep || o.Method == Plain || !larger && !whole || same && !own && !c.how.deep {
			return c, nil
		}
		small, result := c.Pixels, c.Result
		err := error(nil)
		if !larger {
			if result, err = result.resized(width, height); err != nil {
				return c, err
			}
		}
		if small, err = small.resized(result.Width, result.Height); err != nil {
			return c, err
		}
		if own {
			for _, p := range []*Pixels{&small, &result} {
				if *p, err = p.inProfile(c.how.own); err != nil {
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
			c.change = affineChange(small, result)
		}
		return c, nil
	}
}
