package main

import (
	"image"
	"math"

	"gtx/stages"
	"gtx/stages/raster"
)

// measures compare a result with the truth. All but psnr are measured on luma.
type measures struct {
	psnr float64 // dB, of all samples
	// ssim is the mean over windows of 8×8 (Wang et al., Image Quality Assessment, 2004).
	ssim float64
	// halo is the mean number of grey levels by which pixels within 3 of a strong edge are
	// darker than the darkest, or brighter than the brightest, pixel of the truth in the 5×5
	// around them.
	halo float64
	// coarse and fine are the parts of the texture added by the network that the result
	// still has: coarse at periods from about 4 to 20 pixels, fine below 4. Added texture
	// is a band of the truth without its projection on that band of the photograph.
	coarse, fine float64
}

func (m measures) plus(n measures) measures {
	return measures{m.psnr + n.psnr, m.ssim + n.ssim, m.halo + n.halo, m.coarse + n.coarse, m.fine + n.fine}
}

// A reference is the truth, with the measurements that all comparisons need.
type reference struct {
	truth         stages.Pixels
	luma          plane
	low, high     plane  // the extremes of the 5×5 around each pixel
	edge          []bool // within 3 pixels of a strong edge
	fine, coarse  []float64
	width, height int
}

// A plane is an image of one band.
type plane []float64

const (
	strongEdge  = 40    // grey levels from a pixel to the next but one
	highestPSNR = 78.13 // dB, at a mean square of 0.001. Equal images would give +Inf and spoil the mean
)

func newReference(photo, truth stages.Pixels) reference {
	r := reference{truth: truth, luma: lumaOf(truth), width: truth.Width, height: truth.Height}
	r.low = extreme(r.luma, r.width, r.height, math.Min)
	r.high = extreme(r.luma, r.width, r.height, math.Max)
	strong := make(plane, len(r.luma))
	for y := 1; y < r.height-1; y++ {
		for x := 1; x < r.width-1; x++ {
			i := y*r.width + x
			if math.Hypot(r.luma[i+1]-r.luma[i-1], r.luma[i+r.width]-r.luma[i-r.width]) > strongEdge {
				strong[i] = 1
			}
		}
	}
	for _, v := range mean(strong, r.width, r.height, 3) {
		r.edge = append(r.edge, v > 1e-9)
	}
	source := lumaOf(photo)
	f1, c1 := r.bands(r.luma)
	f0, c0 := r.bands(source)
	r.fine, r.coarse = unexplained(f1, f0), unexplained(c1, c0)
	return r
}

// measure compares a result.
func (r reference) measure(p stages.Pixels) (m measures) {
	m.psnr = min(raster.PSNR([]stages.Pixels{r.truth}, []stages.Pixels{p}), highestPSNR)
	l := lumaOf(p)
	m.ssim = r.ssim(l)
	near := 0.0
	for i, v := range l {
		if r.edge[i] {
			m.halo += max(0, r.low[i]-v, v-r.high[i])
			near++
		}
	}
	m.halo /= max(near, 1)
	fine, coarse := r.bands(l)
	m.fine, m.coarse = dot(fine, r.fine)/dot(r.fine, r.fine), dot(coarse, r.coarse)/dot(r.coarse, r.coarse)
	return m
}

func (r reference) ssim(l plane) float64 {
	const side, c1, c2 = 8, 6.5025, 58.5225
	total, windows := 0.0, 0.0
	for y := 0; y+side <= r.height; y += side / 2 {
		for x := 0; x+side <= r.width; x += side / 2 {
			var a, b, aa, bb, ab float64
			for v := y; v < y+side; v++ {
				for i := v*r.width + x; i < v*r.width+x+side; i++ {
					p, q := r.luma[i], l[i]
					a, b, aa, bb, ab = a+p, b+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			const n = side * side
			a, b = a/n, b/n
			total += (2*a*b + c1) * (2*(ab/n-a*b) + c2) / ((a*a + b*b + c1) * (aa/n - a*a + bb/n - b*b + c2))
			windows++
		}
	}
	return total / windows
}

// bands are two bands of detail: fine is removed by a mean over 3×3, coarse by a further mean over
// 13×13.
func (r reference) bands(l plane) (fine, coarse plane) {
	soft := mean(l, r.width, r.height, 1)
	softer := mean(soft, r.width, r.height, 6)
	for i := range l {
		fine, coarse = append(fine, l[i]-soft[i]), append(coarse, soft[i]-softer[i])
	}
	return fine, coarse
}

// unexplained is a without its projection on b.
func unexplained(a, b plane) plane {
	k := dot(a, b) / dot(b, b)
	out := make(plane, len(a))
	for i := range a {
		out[i] = a[i] - k*b[i]
	}
	return out
}

func dot(a, b plane) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// lumaOf is BT.601's luma of an RGB image, 0 to 255.
func lumaOf(p stages.Pixels) plane {
	l := make(plane, 0, p.Width*p.Height)
	for _, v := range p.Luma() {
		l = append(l, float64(v))
	}
	return l
}

// mean replaces each value by the mean over (2r+1)², along lines and then along columns.
func mean(l plane, width, height, r int) plane {
	along := func(in plane, n, step, lines, next int) plane {
		out := make(plane, len(in))
		for line := range lines {
			at := func(i int) *float64 { return &in[line*next+i*step] }
			sum, count := 0.0, 0.0
			for i := -r; i < n; i++ {
				if i+r < n {
					sum, count = sum+*at(i + r), count+1
				}
				if i-r-1 >= 0 {
					sum, count = sum-*at(i - r - 1), count-1
				}
				if i >= 0 {
					out[line*next+i*step] = sum / count
				}
			}
		}
		return out
	}
	return along(along(l, width, 1, height, width), height, width, width, 1)
}

// extreme replaces each value by the minimum or the maximum over 5×5.
func extreme(l plane, width, height int, of func(a, b float64) float64) plane {
	across, out := make(plane, len(l)), make(plane, len(l))
	for i := range l {
		across[i] = l[i]
		for x := max(i%width-2, 0); x <= min(i%width+2, width-1); x++ {
			across[i] = of(across[i], l[i-i%width+x])
		}
	}
	for i := range l {
		out[i] = across[i]
		for y := max(i/width-2, 0); y <= min(i/width+2, height-1); y++ {
			out[i] = of(out[i], across[y*width+i%width])
		}
	}
	return out
}

// goImage converts RGB pixels to an image of the standard library.
func goImage(p stages.Pixels) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		copy(img.Pix[4*i:], p.Data[i*p.Bands:][:3])
		img.Pix[4*i+3] = 255
	}
	return img
}
