package container

import "encoding/binary"

// HeadLength is how many bytes at the beginning of a file MaxBytes wants. The dimensions of a JPEG follow
// its Exif data and profile.
const HeadLength = 256 << 10

const (
	pixelMost    = 16       // bytes: four samples of 32 bits
	metadataMost = 64 << 20 // bytes besides the pixels, such as the video in a motion photo
)

// MaxBytes returns how many bytes a file of a format can sensibly have. It takes the dimensions from the
// beginning of the file or, if they are not there, assumes maxPixels. It returns 0 for no limit if maxPixels
// is 0.
func MaxBytes(f Format, head []byte, maxPixels int) int64 {
	width, height := dimensions(f, head)
	pixels := int64(width) * int64(height)
	if most := int64(maxPixels); pixels == 0 || most > 0 && most < pixels {
		pixels = most
	}
	if pixels == 0 {
		return 0
	}
	return pixels*pixelMost + metadataMost
}

// dimensions finds the size of an image in the beginning of its file, or returns 0.
func dimensions(f Format, head []byte) (width, height int) {
	switch {
	case f == JPEG:
		for marker, body := range segments(head) {
			if isFrame(marker) && len(body) >= 6 {
				return int(binary.BigEndian.Uint16(body[3:])), int(binary.BigEndian.Uint16(body[1:]))
			}
			if marker == markerScan {
				break
			}
		}
	case f == PNG && len(head) >= 24:
		const most = 1<<31 - 1
		return int(binary.BigEndian.Uint32(head[16:]) & most), int(binary.BigEndian.Uint32(head[20:]) & most)
	case f == WebP:
		return 1 << 14, 1 << 14 // the largest that the format holds
	}
	return 0, 0
}

// isFrame reports whether a marker of JPEG starts a frame. Three kinds of tables share its range.
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}
