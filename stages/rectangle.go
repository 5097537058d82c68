package stages

import "math"

// A rectangle is a part of an image. The zero rectangle is the whole image.
type rectangle struct{ x, y, width, height int }

// middle returns the largest part in the middle of an image that has the aspect of netWidth × netHeight.
func middle(width, height, netWidth, netHeight int) rectangle {
	r := rectangle{width: width, height: height}
	if width*netHeight > height*netWidth {
		r.width = max(1, (height*netWidth+netHeight/2)/netHeight)
		r.x = (width - r.width) / 2
	} else {
		r.height = max(1, (width*netHeight+netWidth/2)/netWidth)
		r.y = (height - r.height) / 2
	}
	return r
}

// within returns the place of an image that is scaled to fit into netWidth × netHeight, in its middle.
func within(width, height, netWidth, netHeight int) rectangle {
	r := rectangle{width: netWidth, height: netHeight}
	if width*netHeight > height*netWidth {
		r.height = min(netHeight, max(1, (height*netWidth+width/2)/width))
		r.y = (netHeight - r.height) / 2
	} else {
		r.width = min(netWidth, max(1, (width*netHeight+height/2)/height))
		r.x = (netWidth - r.width) / 2
	}
	return r
}

// scaled is the same part of an image that has been scaled by x and y to width × height.
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
