package container

import (
	"encoding/binary"
	"iter"
)

// boxes yields the boxes of an ISO media file, or those inside another one, with their contents (ISO/IEC
// 14496-12, section 4.2). It ends at the first that is not whole, or at bytes that are not a box: some cameras
// add such after the image.
func boxes(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 8 {
			size, head := uint64(binary.BigEndian.Uint32(data)), 8
			switch {
			case size == 0: // to the end
				size = uint64(len(data))
			case size == 1 && len(data) >= 16:
				size, head = binary.BigEndian.Uint64(data[8:]), 16
			}
			if size < uint64(head) || size > uint64(len(data)) {
				return
			}
			if !yield(string(data[4:8]), data[head:size]) {
				return
			}
			data = data[size:]
		}
	}
}

// box returns the contents of the first box of a kind, inside others of the given kinds, or nil.
func box(data []byte, path ...string) []byte {
	for _, kind := range path {
		var inner []byte
		for k, body := range boxes(data) {
			if k == kind {
				inner = body
				break
			}
		}
		if inner == nil {
			return nil
		}
		data = inner
	}
	return data
}

// parseHEIF reads the metadata of an image file (ISO/IEC 23008-12) up to the size of the primary image, and
// makes sure that the data of all images lie inside the file.
func parseHEIF(file []byte) (h Header, err error) {
	if string(file[8:12]) == "avis" {
		return Header{}, ErrAnimated
	}
	var meta []byte
	for kind, body := range boxes(file) {
		switch {
		case kind == "moov" && isSequence(body):
			return Header{}, ErrAnimated
		case kind == "meta" && meta == nil && len(body) > 4:
			meta = body[4:] // after version and flags
		}
	}
	if meta == nil {
		return Header{}, ErrTruncated
	}
	if err := checkItems(box(meta, "iloc"), len(file), len(box(meta, "idat"))); err != nil {
		return Header{}, err
	}
	h.Width, h.Height = primarySize(meta)
	if h.Width == 0 {
		return Header{}, ErrCorrupt
	}
	return h, nil
}

// isSequence reports whether a movie has a track of more than one image.
func isSequence(movie []byte) bool {
	const head = 12 // of a sample size box: version and flags, and a size that all samples may have
	for kind, track := range boxes(movie) {
		if kind != "trak" {
			continue
		}
		table := box(track, "mdia", "minf", "stbl")
		sizes := box(table, "stsz")
		if sizes == nil {
			sizes = box(table, "stz2")
		}
		handler := box(track, "mdia", "hdlr")
		if len(sizes) < head || len(handler) < 12 {
			continue
		}
		switch string(handler[8:12]) {
		case "pict", "vide", "auxv":
			if binary.BigEndian.Uint32(sizes[8:]) > 1 {
				return true
			}
		}
	}
	return false
}

// A reader reads big-endian numbers of any size. It remembers if there were too few bytes.
type reader struct {
	data  []byte
	short bool
}

// number reads a number of up to 8 bytes. A number of no bytes is 0.
func (r *reader) number(size int) (n uint64) {
	if size > len(r.data) || size > 8 {
		r.data, r.short = nil, true
		return 0
	}
	for _, b := range r.data[:size] {
		n = n<<8 | uint64(b)
	}
	r.data = r.data[size:]
	return n
}

// checkItems reads where the data of the items lie: in the file or among the metadata.
func checkItems(locations []byte, fileSize, idatSize int) error {
	const inFile, inMetadata = 0, 1
	r := &reader{data: locations}
	version := r.number(4) >> 24
	sizes := r.number(2)
	offsetSize, lengthSize, baseSize, indexSize := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	wide := 2 // bytes of an identifier, and of their count
	if version == 2 {
		wide = 4
	}
	if version == 0 {
		indexSize = 0
	}
	for range r.number(wide) {
		r.number(wide)
		method := uint64(inFile)
		if version > 0 {
			method = r.number(2) & 15
		}
		r.number(2) // reference to another file
		base := r.number(baseSize)
		extents := r.number(2)
		if offsetSize+lengthSize+indexSize == 0 {
			extents = min(extents, 1) // they are all the same
		}
		for range extents {
			r.number(indexSize)
			offset := r.number(offsetSize)
			length := r.number(lengthSize)
			if r.short {
				return ErrCorrupt
			}
			const most = 1 << 60 // so that the sum cannot overflow
			if max(base, offset, length) > most {
				return ErrCorrupt
			}
			end := base + offset + length
			if method == inFile && end > uint64(fileSize) || method == inMetadata && end > uint64(idatSize) {
				return ErrTruncated
			}
		}
		if r.short {
			return ErrCorrupt
		}
	}
	return nil
}

// primarySize returns the size of the primary image: the spatial extents ('ispe') among its properties.
func primarySize(meta []byte) (width, height int) {
	r := &reader{data: box(meta, "pitm")}
	wide := 2
	if r.number(4)>>24 > 0 {
		wide = 4
	}
	primary := r.number(wide)
	properties := box(meta, "iprp")
	var sizes [][2]int // of each property that is one
	for kind, body := range boxes(box(properties, "ipco")) {
		size := [2]int{}
		if kind == "ispe" && len(body) >= 12 {
			size = [2]int{int(binary.BigEndian.Uint32(body[4:])), int(binary.BigEndian.Uint32(body[8:]))}
		}
		sizes = append(sizes, size)
	}
	for kind, body := range boxes(properties) {
		if kind != "ipma" {
			continue
		}
		r := &reader{data: body}
		head := r.number(4)
		itemSize, indexSize, most := 2, 1, uint64(0x7f)
		if head>>24 > 0 {
			itemSize = 4
		}
		if head&1 != 0 {
			indexSize, most = 2, 0x7fff
		}
		for range r.number(4) {
			item := r.number(itemSize)
			for range r.number(1) {
				index := r.number(indexSize) & most
				if item == primary && index > 0 && index <= uint64(len(sizes)) && sizes[index-1] != [2]int{} {
					return sizes[index-1][0], sizes[index-1][1]
				}
			}
			if r.short {
				break
			}
		}
	}
	return 0, 0
}
