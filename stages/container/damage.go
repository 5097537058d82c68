package container

import (
	"bufio"
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
)

// GIFIsDamaged reports whether the coded pixels of a still GIF are broken: whether they end early or hold
// codes that mean nothing. libvips shows the pixels before the fault and says nothing. It takes time linear in
// the number of pixels.
func GIFIsDamaged(file []byte) bool {
	frame, at, ok := gifFrame(file)
	if !ok {
		return true
	}
	const least, most = 2, 8 // bits of a pixel; some writers use 1, which the decoder below does not know
	bits := int(file[at])
	if bits < least || bits > most {
		return bits != 1
	}
	pixels := lzw.NewReader(bufio.NewReader(&gifBlocks{rest: file[at+1:]}), lzw.LSB, bits)
	defer pixels.Close()
	n, _ := io.Copy(io.Discard, io.LimitReader(pixels, frame))
	return n < frame
}

// gifFrame returns the number of pixels of the first image of a GIF and where their code begins.
func gifFrame(file []byte) (pixels int64, at int, ok bool) {
	if len(file) < 13 {
		return 0, 0, false
	}
	at = 13 + gifTable(file[10])
	for at < len(file) {
		switch file[at] {
		case ',':
			if at+10 > len(file) {
				return 0, 0, false
			}
			width, height := binary.LittleEndian.Uint16(file[at+5:]), binary.LittleEndian.Uint16(file[at+7:])
			at += 10 + gifTable(file[at+9])
			return int64(width) * int64(height), at, at < len(file)
		case '!':
			for at += 2; at < len(file) && file[at] != 0; {
				at += 1 + int(file[at])
			}
			at++
		default:
			return 0, 0, false
		}
	}
	return 0, 0, false
}

// gifTable is how many bytes a colour table takes, by the flags before it.
func gifTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifBlocks reads the contents of sub-blocks up to the empty one.
type gifBlocks struct{ block, rest []byte }

func (b *gifBlocks) Read(p []byte) (int, error) {
	for len(b.block) == 0 {
		if len(b.rest) == 0 || b.rest[0] == 0 {
			return 0, io.EOF
		}
		size := min(int(b.rest[0]), len(b.rest)-1)
		b.block, b.rest = b.rest[1:1+size], b.rest[1+size:]
		if size == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, b.block)
	b.block = b.block[n:]
	return n, nil
}

// PNGIsDamaged reports whether the checksum of a PNG's pixels is wrong. libvips does not check it, and relies
// on the checksums of the chunks. It takes time linear in the number of pixels, about as long as decoding them.
func PNGIsDamaged(file []byte) bool {
	var code []io.Reader
	most := int64(0)
	for _, c := range pngChunks(file) {
		switch {
		case c.kind == "IHDR" && len(c.body) >= 8 && most == 0:
			width, height := int64(binary.BigEndian.Uint32(c.body)), int64(binary.BigEndian.Uint32(c.body[4:]))
			most = 8*width*height + 16*height + 1<<10 // 4 samples of 16 bits, filters, interlaced lines
		case c.kind == "IDAT":
			code = append(code, bytes.NewReader(c.body))
		}
	}
	z, err := zlib.NewReader(bufio.NewReader(io.MultiReader(code...)))
	if err != nil {
		return true
	}
	defer z.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(z, most))
	return errors.Is(err, zlib.ErrChecksum)
}
