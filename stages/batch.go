package stages

// A Batch is N pictures of one shape laid end to end: 8-bit RGB, Height×Width×3
// bytes each. Where there is nothing but noise to begin with it is a number only.
type Batch struct {
	N, Height, Width int
	Pixels           []byte
	From             []string // the domain of each, "" where nobody knows
	Seeds            []uint64 // of each one's noise
}

// batchOf lays pictures of one shape end to end. A single one is not copied.
func batchOf(pixels []Pixels) Batch {
	b := Batch{N: len(pixels), Width: pixels[0].Width, Height: pixels[0].Height, Pixels: pixels[0].Data}
	if len(pixels) > 1 {
		b.Pixels = make([]byte, 0, len(pixels)*len(pixels[0].Data))
		for _, p := range pixels {
			b.Pixels = append(b.Pixels, p.Data...)
		}
	}
	return b
}
