package hostile

import (
	"bytes"
	"compress/zlib"
	"hash/crc32"
	"slices"
)

// chunk is a chunk of a PNG.
func chunk(name string, body []byte) []byte {
	b := append(big.AppendUint32(nil, uint32(len(body))), name...)
	b = append(b, body...)
	return big.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// packed are n zeros, compressed.
func packed(n int) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	part := make([]byte, 1<<20)
	for ; n > 0; n -= len(part) {
		_, err := w.Write(part[:min(n, len(part))])
		must(err)
	}
	must(w.Close())
	return b.Bytes()
}

// header is the first chunk of a PNG.
func header(width, height uint32, depth, colour byte) []byte {
	b := big.AppendUint32(big.AppendUint32(nil, width), height)
	return chunk("IHDR", append(b, depth, colour, 0, 0, 0))
}

const signature = "\x89PNG\r\n\x1a\n"

// pngs are PNGs with hostile chunks.
func pngs(whole []byte) []File {
	const afterHeader = 8 + 25
	with := func(chunks ...[]byte) []byte {
		return slices.Concat(whole[:afterHeader], bytes.Join(chunks, nil), whole[afterHeader:])
	}
	claims := func(width, height uint32) []byte {
		return slices.Concat(whole[:8], header(width, height, 8, 2), whole[afterHeader:])
	}
	text := slices.Concat([]byte("Comment\x00\x00"), packed(50<<20))
	raw := slices.Concat([]byte("Raw profile type exif\x00\x00"), packed(20<<20))
	bomb := func(side uint32, bytesPerLine int) []byte {
		return slices.Concat([]byte(signature), header(side, side, 8, 0), chunk("IDAT", packed((bytesPerLine+1)*int(side))), chunk("IEND", nil))
	}
	return []File{
		{Name: "claims-2m.png", Data: claims(2_000_000, 2_000_000), Want: Refused},
		{Name: "claims-all.png", Data: claims(0xffffffff, 0xffffffff), Want: Refused},
		{Name: "claims-9000.png", Data: claims(9000, 9000), Want: Refused},
		{Name: "claims-nothing.png", Data: claims(0, 5), Want: Refused},
		{Name: "bomb-5000.png", Data: bomb(5000, 5000), Want: Either},
		{Name: "bomb-20000.png", Data: slices.Concat([]byte(signature), header(20000, 20000, 8, 0), chunk("IDAT", packed(20<<20)), chunk("IEND", nil)), Want: Refused},
		{Name: "text-bombs.png", Data: with(slices.Repeat([][]byte{chunk("zTXt", text)}, 20)...), Want: Either},
		{Name: "international-bomb.png", Data: with(chunk("iTXt", slices.Concat([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed(50<<20)))), Want: Either},
		{Name: "profile-bomb.png", Data: with(chunk("iCCP", slices.Concat([]byte("p\x00\x00"), packed(100<<20)))), Want: Either},
		{Name: "raw-profile-bomb.png", Data: with(chunk("zTXt", raw)), Want: Either},
		{Name: "exif-points-at-itself.png", Data: with(chunk("eXIf", exif(directory(8, repeated(entry{tagGPS, kindLong, 1, 8}, 60000)...))[6:])), Want: Either},
		{Name: "exif-chain.png", Data: with(chunk("eXIf", exif(chain(100_000))[6:])), Want: Either},
		{Name: "tiny-chunks.png", Data: with(bytes.Repeat(chunk("tEXt", []byte("a\x00b")), 300_000)), Want: Either},
		{Name: "huge-text.png", Data: with(chunk("tEXt", slices.Concat([]byte("Comment\x00"), make([]byte, 20<<20)))), Want: Either},
		{Name: "second-header.png", Data: with(header(100_000, 100_000, 8, 2)), Want: Either},
		{Name: "length-of-chunk.png", Data: slices.Concat(whole[:afterHeader], []byte("\xff\xff\xff\xffIDAT"), whole[afterHeader:]), Want: Refused},
		{Name: "palette-missing.png", Data: slices.Concat([]byte(signature), header(9, 9, 8, 3), chunk("IDAT", packed(90)), chunk("IEND", nil)), Want: Either},
		{Name: "animation.png", Data: with(chunk("acTL", []byte{0, 0, 255, 255, 0, 0, 0, 0})), Want: Either},
		{Name: "no-data.png", Data: slices.Concat([]byte(signature), header(9, 9, 8, 2), chunk("IEND", nil)), Want: Refused},
	}
}

// gifs are GIFs with hostile headers.
func gifs(whole []byte) []File {
	screen := slices.Clone(whole)
	little.PutUint16(screen[6:], 65535)
	little.PutUint16(screen[8:], 65535)
	at := 13 + 3<<(whole[10]&7+1)
	frame := slices.Clone(whole)
	if frame[at] == ',' {
		little.PutUint16(frame[at+5:], 65535)
		little.PutUint16(frame[at+7:], 65535)
	}
	body := whole[at : len(whole)-1]
	comments := append(bytes.Repeat([]byte("!\xfe\x01a\x00"), 500_000), body...)
	return []File{
		{Name: "screen-65535.gif", Data: screen, Want: Either},
		{Name: "frame-65535.gif", Data: frame, Want: Refused},
		{Name: "frames.gif", Data: slices.Concat(whole[:at], bytes.Repeat(body, 2000), []byte(";")), Want: Refused},
		{Name: "comments.gif", Data: slices.Concat(whole[:at], comments, []byte(";")), Want: Either},
		{Name: "blocks-without-end.gif", Data: slices.Concat(whole[:at], body, bytes.Repeat([]byte("!\xff"), 100_000)), Want: Either},
	}
}
