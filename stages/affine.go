package stages

// The affine method: in each small window an affine map of the colours, result ≈ A·source + b,
// is fitted to the change. The maps are smoothed and interpolated, so the look comes from the
// network and the detail from the photograph, without halos or seams. This is guided filtering
// with a colour guide on a coarse grid (He & Sun, Fast Guided Filter, 2015), with two changes. In
// a window too flat to determine A, A tends to the identity instead of zero: fine texture stays,
// and a network that changes nothing gives back the photograph itself. Texture that
// the network added, the part of the result that the maps do not explain, is added to b.
//
// Where the network lays a cover over the image, the maps are fitted to what lies beneath, and
// then scaled by 1 − opacity: the photograph's detail shows through no more than the network
// lets it.
const (
	// affineRadius is half the side of a window, in pixels of the network: 5×5.
	affineRadius = 2
	// affineFlat is the variance, in squared grey levels, at which a window is halfway between
	// a map of its own and the identity.
	affineFlat = 65
)

// Least squares needs these means over each window: of source, of target and of their products.
const (
	momentSource = 0
	momentTarget = 3
	momentCross  = 6  // target i × source j at momentCross+3i+j
	momentOwn    = 15 // source i × source j, i ≤ j, in the order of momentOwnAt
	moments      = 21
)

var momentOwnAt = [3][3]int{{0, 1, 2}, {1, 3, 4}, {2, 4, 5}}

// affineChange fits the change in the window around each pixel. small and result are RGB of one
// size, and so is what the layers hold, which may be nil.
func affineChange(small, result Pixels, layers *Layers) *change {
	n := small.Width * small.Height
	beneath := result
	if layers != nil {
		beneath = layers.Beneath
	}
	windows := momentsOf(small, beneath)
	boxMean(windows, small.Width, small.Height, moments, affineRadius)
	maps := make([]float32, coefficients*n)
	for i := range n {
		solveAffine(windows[i*moments:][:moments], maps[i*coefficients:][:coefficients])
	}
	boxMean(maps, small.Width, small.Height, coefficients, affineRadius)
	for i := range n {
		s := small.Data[3*i:][:3]
		for a := range 3 {
			row := maps[i*coefficients+4*a:][:4]
			if layers != nil {
				shows := 1 - float32(layers.Opacity[i])/255
				row[0], row[1], row[2] = shows*row[0], shows*row[1], shows*row[2] // row[3] follows below
			}
			explained := row[0]*float32(s[0]) + row[1]*float32(s[1]) + row[2]*float32(s[2]) + row[3]
			row[3] += float32(result.Data[3*i+a]) - explained
		}
	}
	return &change{columns: small.Width, rows: small.Height, maps: maps}
}

// momentsOf returns the moments of each single pixel.
func momentsOf(small, result Pixels) []float32 {
	n := small.Width * small.Height
	all := make([]float32, moments*n)
	for i := range n {
		m := all[i*moments:][:moments]
		s, t := small.Data[3*i:][:3], result.Data[3*i:][:3]
		for a := range 3 {
			m[momentSource+a], m[momentTarget+a] = float32(s[a]), float32(t[a])
			for b := range 3 {
				m[momentCross+3*a+b] = float32(t[a]) * float32(s[b])
				m[momentOwn+momentOwnAt[a][b]] = float32(s[a]) * float32(s[b])
			}
		}
	}
	return all
}

// solveAffine fits a map to the mean moments of a window.
func solveAffine(m, coefficients []float32) {
	var covariance, mixed [3][3]float64
	for a := range 3 {
		for b := range 3 {
			covariance[a][b] = float64(m[momentOwn+momentOwnAt[a][b]]) - float64(m[momentSource+a])*float64(m[momentSource+b])
			mixed[a][b] = float64(m[momentCross+3*a+b]) - float64(m[momentTarget+a])*float64(m[momentSource+b])
		}
		covariance[a][a] += affineFlat
		mixed[a][a] += affineFlat
	}
	inverse := invert(covariance)
	for a := range 3 {
		row := coefficients[4*a:][:4]
		offset := float64(m[momentTarget+a])
		for b := range 3 {
			v := mixed[a][0]*inverse[0][b] + mixed[a][1]*inverse[1][b] + mixed[a][2]*inverse[2][b]
			row[b] = float32(v)
			offset -= v * float64(m[momentSource+b])
		}
		row[3] = float32(offset)
	}
}
