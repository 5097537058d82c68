package raster

import "math"

// A Rectangle is a part of an image. The zero Rectangle is the whole image.
type Rectangle struct{ X, Y, Width, Height int }

// Middle returns the largest part in the middle of an image that has the aspect of netWidth × netHeight.
func Middle(width, height, netWidth, netHeight int) Rectangle {
	r := Rectangle{Width: width, Height: height}
	if width*netHeight > height*netWidth {
		r.Width = max(1, (height*netWidth+netHeight/2)/netHeight)
		r.X = (width - r.Width) / 2
	} else {
		r.Height = max(1, (width*netHeight+netWidth/2)/netWidth)
		r.Y = (height - r.Height) / 2
	}
	return r
}

// Within returns the place of an image that is scaled to fit into netWidth × netHeight, in its middle.
func Within(width, height, netWidth, netHeight int) Rectangle {
	r := Rectangle{Width: netWidth, Height: netHeight}
	if width*netHeight > height*netWidth {
		r.Height = min(netHeight, max(1, (height*netWidth+width/2)/width))
		r.Y = (netHeight - r.Height) / 2
	} else {
		r.Width = min(netWidth, max(1, (width*netHeight+height/2)/height))
		r.X = (netWidth - r.Width) / 2
	}
	return r
}

// Scaled is the same part of an image that has been scaled by x and y to width × height.
func (r Rectangle) Scaled(x, y float64, width, height int) Rectangle {
	along := func(from, size, limit int, scale float64) (int, int) {
		first := min(int(math.Round(float64(from)*scale)), limit-1)
		last := min(max(int(math.Round(float64(from+size)*scale)), first+1), limit)
		return first, last - first
	}
	var out Rectangle
	out.X, out.Width = along(r.X, r.Width, width, x)
	out.Y, out.Height = along(r.Y, r.Height, height, y)
	return out
}
