package stages

import "math"

// A rectangle is a part of a picture; the zero one is all of it.
type rectangle struct{ x, y, width, height int }

// middle is the largest part in the middle of a picture that has the aspect of
// wide × high.
func middle(width, height, wide, high int) rectangle {
	r := rectangle{width: width, height: height}
	if width*high > height*wide {
		r.width = max(1, (height*wide+high/2)/high)
		r.x = (width - r.width) / 2
	} else {
		r.height = max(1, (width*high+wide/2)/wide)
		r.y = (height - r.height) / 2
	}
	return r
}

// within is where a picture lies, in the middle of wide × high, as large as it can.
func within(width, height, wide, high int) rectangle {
	r := rectangle{width: wide, height: high}
	if width*high > height*wide {
		r.height = min(high, max(1, (height*wide+width/2)/width))
		r.y = (high - r.height) / 2
	} else {
		r.width = min(wide, max(1, (width*high+height/2)/height))
		r.x = (wide - r.width) / 2
	}
	return r
}

// scaled is the same part of a picture of another size, width × height.
func (r rectangle) scaled(x, y float64, width, height int) rectangle {
	along := func(from, size, limit int, scale float64) (int, int) {
		first := min(int(math.Round(float64(from)*scale)), limit-1)
		last := min(max(int(math.Round(float64(from+size)*scale)), first+1), limit)
		return first, last - first
	}
	var out rectangle
	out.x, out.width = along(r.x, r.width, width, x)
	out.y, out.height = along(r.y, r.height, height, y)
	return out
}
