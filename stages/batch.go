package stages

// A Batch is N images of one shape laid end to end: 8-bit RGB, Height×Width×3
// bytes each. For a network that generates images from noise only N and Seeds are set.
type Batch struct {
	N, Height, Width int
	Pixels           []byte
	From             []string // domain of each image, "" if unknown
	Seeds            []uint64 // of the noise for each image
	Instances        []byte   // like Pixels, see Instances; nil if there are none
	Beneath, Opacity []byte   // see Layers; of results only, nil if the network covers nothing
}

// batchOf lays RGB pixels of one shape end to end. A single image is not copied.
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
