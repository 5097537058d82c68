// Package hostile makes files that are meant to break a program that reads images: bombs, disguises,
// truncations, mutants, polyglots, huge headers, loops and deep nesting.
//
// Files returns all of them. They follow from a seed, so that a harness can make them again; none is copied from
// elsewhere.
package hostile

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
)

// A Want says what has to become of a file.
type Want string

// What has to become of a file. In any case, it must not cost another file, or much time or memory.
const (
	Refused Want = "refused" // an error that belongs to the file
	Made    Want = "made"    // a result
	Either  Want = "either"
)

// A File is a hostile file.
type File struct {
	Name string
	Data []byte
	Hole int64 // bytes of a hole after Data
	Want Want
}

// Seeds are whole images by the extension of their format. Files makes JPEG, PNG and GIF itself.
type Seeds map[string][]byte

// Files returns the hostile files that follow from a seed, with the given number of mutants per image.
func Files(seed uint64, mutants int, seeds Seeds) []File {
	all := Seeds{"jpg": jpegOf(photo(48, 40)), "png": pngOf(photo(48, 40)), "gif": gifOf(photo(48, 40))}
	for ext, data := range seeds {
		all[ext] = data
	}
	return slices.Concat(
		damaged(all), mutated(all, seed, mutants), disguises(all),
		jpegs(all["jpg"]), pngs(all["png"]), gifs(all["gif"]), tiffs(), boxes(all["avif"]), riffs(all["webp"]),
	)
}

// photo is a small image with some structure.
func photo(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, color.RGBA{uint8(5 * x), uint8(5 * y), uint8(x * y), 255})
		}
	}
	return img
}

func jpegOf(img image.Image) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func pngOf(img image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, img))
	return b.Bytes()
}

func gifOf(img image.Image) []byte {
	var b bytes.Buffer
	must(gif.Encode(&b, img, nil))
	return b.Bytes()
}

// must is for writes into memory, which cannot fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// damaged are the images cut short, doubled and hollowed out.
func damaged(seeds Seeds) (files []File) {
	for _, ext := range sorted(seeds) {
		whole := seeds[ext]
		for _, percent := range []int{0, 1, 5, 10, 25, 50, 75, 90} {
			n := len(whole) * percent / 100
			files = append(files, File{Name: fmt.Sprintf("cut-%02d.%s", percent, ext), Data: whole[:n], Want: Refused})
		}
		for n := 1; n <= 16; n *= 2 {
			files = append(files, File{Name: fmt.Sprintf("cut-by-%d.%s", n, ext), Data: whole[:len(whole)-n], Want: Either})
		}
		hollow := slices.Clone(whole)
		clear(hollow[len(hollow)/2:])
		files = append(files,
			File{Name: "half-zero." + ext, Data: hollow, Want: Either},
			File{Name: "twice." + ext, Data: slices.Concat(whole, whole), Want: Either},
			File{Name: "with-a-hole." + ext, Data: whole, Hole: 4 << 30, Want: Either},
			File{Name: "late." + ext, Data: slices.Concat([]byte{0}, whole), Want: Refused},
		)
	}
	return files
}

func sorted(seeds Seeds) []string {
	var names []string
	for ext := range seeds {
		names = append(names, ext)
	}
	slices.Sort(names)
	return names
}

// mutated are images with a few bytes changed, removed, repeated or inserted.
func mutated(seeds Seeds, seed uint64, mutants int) (files []File) {
	for k, ext := range sorted(seeds) {
		for i := range mutants {
			r := rand.New(rand.NewPCG(seed, uint64(k*1_000_000+i)))
			data := slices.Clone(seeds[ext])
			for range 1 + r.IntN(6) {
				data = mutate(r, data)
			}
			files = append(files, File{Name: fmt.Sprintf("mutant-%04d.%s", i, ext), Data: data, Want: Either})
		}
	}
	return files
}

func mutate(r *rand.Rand, data []byte) []byte {
	if len(data) < 16 {
		return data
	}
	at := r.IntN(len(data))
	if r.IntN(2) == 0 { // headers decide most
		at = r.IntN(min(len(data), 200))
	}
	n := min(1+r.IntN(16), len(data)-at)
	switch r.IntN(6) {
	case 0:
		data[at] ^= 1 << r.IntN(8)
	case 1:
		data[at] = []byte{0, 0xff, 0x7f, 0x80}[r.IntN(4)]
	case 2:
		for i := range n {
			data[at+i] = byte(r.Uint32())
		}
	case 3:
		return slices.Delete(data, at, at+n)
	case 4:
		return slices.Insert(data, at, bytes.Clone(data[at:at+n])...)
	default:
		other := r.IntN(len(data) - n + 1)
		copy(data[at:at+n], bytes.Clone(data[other:other+n]))
	}
	return data
}

// disguises are files that are no images, and images that are something else too.
func disguises(seeds Seeds) []File {
	html := []byte("<!DOCTYPE html><html><script>alert(1)</script></html>")
	svg := []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&x;</text></svg>`)
	zip := []byte("PK\x05\x06" + string(make([]byte, 18)))
	files := []File{
		{Name: "page.jpg", Data: html}, {Name: "vector.png", Data: svg}, {Name: "vector.svg", Data: svg},
		{Name: "document.jpg", Data: []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF")},
		{Name: "postscript.jpg", Data: []byte("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n")},
		{Name: "magick.png", Data: []byte("push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://127.0.0.1/|id)'\npop graphic-context\n")},
		{Name: "script.msl", Data: []byte(`<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>`)},
		{Name: "netpbm.jpg", Data: []byte("P6 9999999 9999999 255\n")},
		{Name: "radiance.jpg", Data: []byte("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 999999 +X 999999\n")},
		{Name: "matlab.jpg", Data: []byte("MATLAB 5.0 MAT-file" + string(make([]byte, 109)))},
		{Name: "openslide.tif", Data: []byte("SIMPLE  =                    T" + string(make([]byte, 2850)))},
		{Name: "video.jpg", Data: box("ftyp", []byte("isom\x00\x00\x02\x00isomiso2avc1mp41")), Hole: 1 << 30},
		{Name: "program.png", Data: []byte("\x7fELF\x02\x01\x01" + string(make([]byte, 57)))},
		{Name: "archive.jpg", Data: zip}, {Name: "zeros.jpg", Data: make([]byte, 4096)}, {Name: "hole.png", Hole: 8 << 30},
		{Name: "gif-script.gif", Data: []byte("GIF89a/*" + string(make([]byte, 60)) + "*/=1;alert(1)")},
		{Name: "jpeg2000.jp2", Data: []byte("\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a\x00\x00\x00\x14ftypjp2 ")},
		{Name: "jpegxl.jxl", Data: []byte("\xff\x0a\xfa\x1f\x41")}, {Name: "bitmap.png", Data: []byte("BM" + string(make([]byte, 60)))},
	}
	for i := range files {
		files[i].Want = Refused
	}
	png, jpg := seeds["png"], seeds["jpg"]
	return append(files,
		File{Name: "image-and-archive.png", Data: slices.Concat(png, zip), Want: Made},
		File{Name: "image-and-archive.jpg", Data: slices.Concat(jpg, zip), Want: Made},
		File{Name: "image-and-page.jpg", Data: segment(jpg, 0xfe, html), Want: Made},
		File{Name: "image-and-program.jpg", Data: segment(jpg, 0xfe, []byte("<?php system($_GET['c']); ?>")), Want: Made},
		File{Name: "two-formats.jpg", Data: slices.Concat(jpg, png), Want: Made},
		File{Name: "png-named.jpg", Data: png, Want: Made},
		File{Name: "jpeg-named.gif", Data: jpg, Want: Made},
	)
}
