package container

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// compressedTextMost is how many bytes of compressed text a PNG may hold for libvips. They inflate to a thousand
// times as much at most.
const compressedTextMost = 16 << 10

// WithoutText returns a PNG without its texts if it has much compressed text, and any other file as it is. libvips
// would inflate all of it, which can take minutes, and gtx reads texts itself.
func WithoutText(file []byte) []byte {
	if !bytes.HasPrefix(file, []byte(pngSignature)) {
		return file
	}
	compressed := 0
	for _, c := range pngChunks(file) {
		if c.kind == "zTXt" || c.kind == "iTXt" {
			compressed += len(c.body)
		}
	}
	if compressed <= compressedTextMost {
		return file
	}
	out := slices.Clone(file[:len(pngSignature)])
	at := len(pngSignature)
	for at+12 <= len(file) {
		next := at + 12 + int(binary.BigEndian.Uint32(file[at:]))
		if next > len(file) {
			break
		}
		switch string(file[at+4 : at+8]) {
		case "tEXt", "zTXt", "iTXt":
		default:
			out = append(out, file[at:next]...)
		}
		at = next
	}
	return append(out, file[at:]...)
}
