package stages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// mapMark is a tEXt chunk of PNG (PNG specification, section 11.3.3) by which gtx recognises the maps
// that it drew. The chunk follows the header, which ends at mapMarkAt.
var mapMark = func() []byte {
	const text = "tEXtSoftware\x00gtx check --map"
	mark := binary.BigEndian.AppendUint32(nil, uint32(len(text)-4))
	mark = append(mark, text...)
	return binary.BigEndian.AppendUint32(mark, crc32.ChecksumIEEE([]byte(text)))
}()

const mapMarkAt = 8 + 25 // signature and IHDR

// markedMap returns a PNG with the mark, in pieces.
func markedMap(file []byte) [][]byte {
	return [][]byte{file[:mapMarkAt], mapMark, file[mapMarkAt:]}
}

// isMap tells whether a file begins as a map that gtx drew.
func isMap(head []byte) bool {
	return len(head) >= mapMarkAt+len(mapMark) && bytes.HasPrefix(head, []byte("\x89PNG")) && bytes.HasPrefix(head[mapMarkAt:], mapMark)
}

var errNotMap = errors.New("the file exists and is not a map that gtx drew: it will not be replaced")

// CheckMap returns an error if a map must not be written to path: something exists there that is not a map.
func CheckMap(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO does not block
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return WithoutPath(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errNotMap
	}
	head := make([]byte, mapMarkAt+len(mapMark))
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) {
		return nil // nothing to lose
	}
	if !isMap(head[:n]) {
		return errNotMap
	}
	return nil
}
