package hostile

import (
	"bytes"
	"slices"
)

const (
	tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric = 256, 257, 258, 259, 262
	tagStrips, tagSamples, tagRows, tagCounts, tagSubIFDs        = 273, 277, 278, 279, 330
	tagTileWidth, tagTileHeight, tagTiles, tagTileCounts         = 322, 323, 324, 325
)

// tiff is a TIFF whose only directory lies at offset 8, with data after it.
func tiff(next uint32, data []byte, entries ...entry) []byte {
	return slices.Concat([]byte("II*\x00\x08\x00\x00\x00"), directory(next, entries...), data)
}

// grey are the entries of a grey image whose strips lie at an offset.
func grey(width, height, at, count uint32) []entry {
	return []entry{
		{tagWidth, kindLong, 1, width}, {tagHeight, kindLong, 1, height}, {tagBits, kindShort, 1, 8},
		{tagCompression, kindShort, 1, 1}, {tagPhotometric, kindShort, 1, 1}, {tagStrips, kindLong, 1, at},
		{tagSamples, kindShort, 1, 1}, {tagRows, kindLong, 1, height}, {tagCounts, kindLong, 1, count},
	}
}

// tiffs are TIFFs with hostile directories.
func tiffs() []File {
	const n = 9
	end := uint32(8 + 2 + n*12 + 4)
	pixels := make([]byte, 64*64)
	plain := grey(64, 64, end, 64*64)
	change := func(tag uint16, e entry) []entry {
		entries := slices.Clone(plain)
		for i := range entries {
			if entries[i].tag == tag {
				entries[i] = e
			}
		}
		return entries
	}
	deflated := change(tagCompression, entry{tagCompression, kindShort, 1, 8})
	bomb := packed(64 << 20)
	for i := range deflated {
		switch deflated[i].tag {
		case tagWidth, tagHeight, tagRows:
			deflated[i].value = 8000
		case tagCounts:
			deflated[i].value = uint32(len(bomb))
		}
	}
	return []File{
		{Name: "plain.tif", Data: tiff(0, pixels, plain...), Want: Made},
		{Name: "claims-2g.tif", Data: tiff(0, pixels, grey(2_000_000_000, 2_000_000_000, end, 9)...), Want: Refused},
		{Name: "claims-9000.tif", Data: tiff(0, pixels, grey(9000, 9000, end, 81_000_000)...), Want: Refused},
		{Name: "next-is-itself.tif", Data: tiff(8, pixels, plain...), Want: Either},
		{Name: "samples-65535.tif", Data: tiff(0, pixels, change(tagSamples, entry{tagSamples, kindShort, 1, 65535})...), Want: Refused},
		{Name: "bits-64.tif", Data: tiff(0, pixels, change(tagBits, entry{tagBits, kindShort, 1, 64})...), Want: Refused},
		{Name: "strips-without-end.tif", Data: tiff(0, pixels, change(tagStrips, entry{tagStrips, kindLong, 0xffffffff, end})...), Want: Refused},
		{Name: "rows-of-none.tif", Data: tiff(0, pixels, change(tagRows, entry{tagRows, kindLong, 1, 0})...), Want: Either},
		{Name: "second-width.tif", Data: tiff(0, pixels, slices.Insert(slices.Clone(plain), 1, entry{tagWidth, kindLong, 1, 1_000_000})...), Want: Either},
		{Name: "many-entries.tif", Data: tiff(0, pixels, append(slices.Clone(plain), repeated(entry{50000, kindLong, 1, 8}, 60_000)...)...), Want: Either},
		{Name: "sub-directories.tif", Data: tiff(0, pixels, append(slices.Clone(plain), repeated(entry{tagSubIFDs, kindIFD, 1, 8}, 60_000)...)...), Want: Either},
		{Name: "bomb.tif", Data: tiff(0, bomb, deflated...), Want: Either},
		{Name: "tiles-of-one-pixel.tif", Data: tiff(0, pixels, append(slices.Clone(plain[:5]),
			entry{tagTileWidth, kindLong, 1, 16}, entry{tagTileHeight, kindLong, 1, 0xfffffff0}, entry{tagTiles, kindLong, 1, end}, entry{tagTileCounts, kindLong, 1, 9})...), Want: Refused},
		{Name: "big.tif", Data: slices.Concat([]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), bytes.Repeat([]byte{0xff}, 200)), Want: Refused},
		{Name: "raw-thumbnail.tif", Data: tiff(0, pixels, append([]entry{{254, kindLong, 1, 1}}, plain...)...), Want: Either},
	}
}

// box is a box of an AVIF or HEIC file.
func box(name string, bodies ...[]byte) []byte {
	body := bytes.Join(bodies, nil)
	return slices.Concat(big.AppendUint32(nil, uint32(len(body)+8)), []byte(name), body)
}

// boxes are AVIF and HEIC files with hostile boxes.
func boxes(whole []byte) []File {
	brand := box("ftyp", []byte("avif\x00\x00\x00\x00avifmif1miaf"))
	deep := []byte{}
	for range 20_000 {
		deep = box("meta", make([]byte, 4), deep)
	}
	items := big.AppendUint32(nil, 0xffffffff)
	files := []File{
		{Name: "only-a-brand.avif", Data: brand, Want: Refused},
		{Name: "deep.avif", Data: slices.Concat(brand, deep), Want: Refused},
		{Name: "size-of-none.avif", Data: slices.Concat(brand, []byte("\x00\x00\x00\x00meta\x00\x00\x00\x00")), Want: Refused},
		{Name: "size-of-one.avif", Data: slices.Concat(brand, []byte("\x00\x00\x00\x01meta\xff\xff\xff\xff\xff\xff\xff\xff")), Want: Refused},
		{Name: "size-too-small.avif", Data: slices.Concat(brand, bytes.Repeat([]byte("\x00\x00\x00\x04meta"), 100_000)), Want: Refused},
		{Name: "empty-boxes.avif", Data: slices.Concat(brand, bytes.Repeat(box("free"), 1_000_000)), Want: Refused},
		{Name: "items-without-end.avif", Data: slices.Concat(brand, box("meta", make([]byte, 4), box("iinf", []byte{1, 0, 0, 0}, items), box("iloc", []byte{2, 0, 0, 0, 0x44, 0}, items))), Want: Refused},
		{Name: "brands.avif", Data: box("ftyp", []byte("avif\x00\x00\x00\x00"), bytes.Repeat([]byte("avif"), 500_000)), Want: Refused},
		{Name: "only-a-brand.heic", Data: box("ftyp", []byte("heic\x00\x00\x00\x00heicmif1")), Want: Refused},
	}
	if at := bytes.Index(whole, []byte("ispe")); at > 0 {
		claims := slices.Clone(whole)
		big.PutUint32(claims[at+8:], 2_000_000)
		big.PutUint32(claims[at+12:], 2_000_000)
		small := slices.Clone(whole)
		big.PutUint32(small[at+8:], 1)
		big.PutUint32(small[at+12:], 1)
		files = append(files, File{Name: "claims-2m.avif", Data: claims, Want: Refused}, File{Name: "claims-one.avif", Data: small, Want: Either})
	}
	return files
}

// riffs are WebP files with hostile chunks.
func riffs(whole []byte) []File {
	part := func(name string, body []byte) []byte {
		b := append([]byte(name), little.AppendUint32(nil, uint32(len(body)))...)
		b = append(b, body...)
		return append(b, make([]byte, len(body)%2)...)
	}
	riff := func(chunks ...[]byte) []byte { return part("RIFF", append([]byte("WEBP"), bytes.Join(chunks, nil)...)) }
	extended := func(flags byte, width, height uint32) []byte {
		b := little.AppendUint32([]byte{flags, 0, 0, 0}, width-1)[:7]
		return part("VP8X", little.AppendUint32(b, height-1)[:10])
	}
	files := []File{
		{Name: "no-pixels.webp", Data: riff(extended(0, 9, 9)), Want: Refused},
		{Name: "claims-16m.webp", Data: riff(extended(0, 1<<24, 1<<24)), Want: Refused},
		{Name: "frames.webp", Data: riff(extended(2, 9, 9), bytes.Repeat(part("ANMF", make([]byte, 24)), 50_000)), Want: Refused},
		{Name: "lossless-16383.webp", Data: riff(part("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0})), Want: Refused},
	}
	if len(whole) > 12 {
		files = append(files,
			File{Name: "chunks.webp", Data: riff(extended(0, 9, 9), bytes.Repeat(part("XXXX", nil), 500_000), whole[12:]), Want: Either},
			File{Name: "other-size.webp", Data: riff(extended(0, 16000, 12000), whole[12:]), Want: Either},
			File{Name: "exif-points-at-itself.webp", Data: riff(extended(8, 9, 9), whole[12:], part("EXIF", exif(directory(8, repeated(entry{tagGPS, kindLong, 1, 8}, 60_000)...))[6:])), Want: Either},
		)
	}
	return files
}
