package models

import "fmt"

// Batch is N pictures of one shape laid end to end: 8-bit RGB, row by row, Height×Width×3 bytes
// each. Codes has one code for each picture, or is nil where the model takes none.
type Batch struct {
	N, Height, Width int
	Pixels           []byte
	Codes            []float32
}

// check compares a batch with itself and with what a model accepts.
func (b Batch) check(m *Manifest) error {
	size := m.Image().Size
	switch {
	case b.N < 1 || b.Height < 1 || b.Width < 1 || b.Height > maxSide || b.Width > maxSide:
		return fmt.Errorf("a batch of %d pictures of %d×%d", b.N, b.Width, b.Height)
	case len(b.Pixels) != b.N*b.Height*b.Width*channels:
		return fmt.Errorf("%d bytes for %d pictures of %d×%d", len(b.Pixels), b.N, b.Width, b.Height)
	case m.Label() == nil && b.Codes != nil:
		return fmt.Errorf("%d codes for a model that takes none", len(b.Codes))
	case m.Label() != nil && len(b.Codes) != b.N:
		return fmt.Errorf("%d codes for %d pictures", len(b.Codes), b.N)
	case !size.allows(b.Width, b.Height):
		return fmt.Errorf("the model does not accept pictures of %d×%d", b.Width, b.Height)
	}
	return nil
}

// part returns pictures from to to, without copying.
func (b Batch) part(from, to int) Batch {
	picture := b.Height * b.Width * channels
	p := Batch{N: to - from, Height: b.Height, Width: b.Width, Pixels: b.Pixels[from*picture : to*picture]}
	if b.Codes != nil {
		p.Codes = b.Codes[from:to]
	}
	return p
}

// padded returns a batch of n pictures, the missing ones black and of code 0.
func (b Batch) padded(n int) Batch {
	p := b
	p.N = n
	p.Pixels = append(make([]byte, 0, n*b.Height*b.Width*channels), b.Pixels...)[:n*b.Height*b.Width*channels]
	if b.Codes != nil {
		p.Codes = append(make([]float32, 0, n), b.Codes...)[:n]
	}
	return p
}
