package worker

/*
#cgo pkg-config: vips
#include <stdlib.h>
#include "decode.h"
*/
import "C"

import (
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// decode makes the picture of a file. It returns a description and a descriptor of sealed memory, or -1. The error is a
// fault if the image is to blame.
func decode(file []byte, o order) (a answer, fd int, err error) {
	memory, err := boundMemory(o.Limits.Memory)
	if err != nil {
		return a, -1, err
	}
	defer memory.free()
	options := C.CString(o.Options)
	defer C.free(unsafe.Pointer(options))
	image := C.gtx_worker_open(unsafe.Pointer(unsafe.SliceData(file)), C.size_t(len(file)), options, C.int(o.FailOn))
	if image == nil {
		return a, -1, failed()
	}
	defer C.g_object_unref(C.gpointer(image))
	a.Shape = Shape{
		Width: int(image.Xsize), Height: int(image.Ysize), Bands: int(image.Bands),
		Format: int(image.BandFmt), Interpretation: int(image.Type), Coding: int(image.Coding),
		XRes: finite(image.Xres), YRes: finite(image.Yres),
	}
	if unit := C.gtx_unit(image); unit != nil {
		a.Shape.Unit = C.GoString(unit)
	}
	pixels, err := a.Shape.bytes(o.Limits)
	switch {
	case errors.Is(err, ErrTooLarge):
		return a, -1, fault{failedTooLarge}
	case errors.Is(err, ErrMemory):
		return a, -1, fault{failedMemory}
	case err != nil:
		return a, -1, fault{failedCorrupt}
	}
	if o.Header {
		pixels = 0
	}
	blobs := a.readFields(image)
	if fd, err = a.fill(image, pixels, blobs, memory); err != nil {
		// Some codecs fail without saying that they got no memory. They take up to four times the memory of the pixels.
		if err == error(fault{failedCorrupt}) && o.Limits.Memory > 0 && pixels > o.Limits.Memory/4 {
			err = fault{failedUnclear}
		}
		return a, -1, err
	}
	return a, fd, nil
}

// finite replaces what JSON cannot hold.
func finite(x C.double) float64 {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return 0
	}
	return float64(x)
}

// failed is the fault of the last call into libvips.
func failed() error {
	text := C.GoString(C.vips_error_buffer())
	C.vips_error_clear()
	if outOfMemory(text) {
		return fault{failedMemory}
	}
	return fault{failedCorrupt}
}

// ofShape are the fields that a Shape has.
var ofShape = []string{"width", "height", "bands", "format", "coding", "interpretation", "xoffset", "yoffset", "xres", "yres"}

// readFields reads the metadata that are numbers or blobs and within the limits.
func (a *answer) readFields(image *C.VipsImage) (blobs [][]byte) {
	a.Ints = map[string]int{}
	names := C.vips_image_get_fields(image)
	defer C.g_strfreev(names)
	left := int64(blobsBytesMost)
	for _, name := range unsafe.Slice(names, 4096) {
		if name == nil {
			break
		}
		field := C.GoString(name)
		switch {
		case strings.HasPrefix(field, "vips-") || slices.Contains(ofShape, field):
		case C.gtx_worker_is_int(image, name) != 0 && len(a.Ints) < blobsMost:
			var n C.int
			if C.vips_image_get_int(image, name, &n) == 0 {
				a.Ints[field] = int(n)
			}
		case C.gtx_worker_is_blob(image, name) != 0 && len(blobs) < blobsMost:
			var data unsafe.Pointer
			var size C.size_t
			if C.vips_image_get_blob(image, name, &data, &size) == 0 && int64(size) <= left {
				left -= int64(size)
				a.Blobs = append(a.Blobs, blob{field, int64(size)})
				blobs = append(blobs, unsafe.Slice((*byte)(data), int(size)))
			}
		}
	}
	return blobs
}

// fill makes the memory of an answer: pixels, if there are to be any, and blobs.
func (a *answer) fill(image *C.VipsImage, pixels int64, blobs [][]byte, m *allowance) (fd int, err error) {
	total := pixels
	for _, b := range blobs {
		total += int64(len(b))
	}
	if total == 0 {
		return -1, nil
	}
	if err := m.share(total); err != nil {
		return -1, err
	}
	if fd, err = unix.MemfdCreate("gtx-picture", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING); err != nil {
		return -1, err
	}
	if err = write(fd, total, image, pixels, blobs); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func write(fd int, total int64, image *C.VipsImage, pixels int64, blobs [][]byte) error {
	if err := unix.Ftruncate(fd, total); err != nil {
		return err
	}
	memory, err := unix.Mmap(fd, 0, int(total), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fault{failedMemory}
	}
	defer unix.Munmap(memory) // memory that is mapped for writing cannot be sealed
	at := pixels
	for _, b := range blobs {
		at += int64(copy(memory[at:], b))
	}
	if pixels > 0 && C.gtx_pixels(image, unsafe.Pointer(&memory[0])) == 0 {
		return failed()
	}
	return nil
}

// An allowance bounds the memory that the process may take in addition to what it has.
type allowance struct {
	before unix.Rlimit
	base   uint64 // bytes that the process had
	most   int64  // bytes; 0 for no limit
}

func boundMemory(most int64) (*allowance, error) {
	m := &allowance{most: most}
	if most == 0 {
		return m, nil
	}
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &m.before); err != nil {
		return nil, err
	}
	m.base = dataSize()
	return m, m.share(0)
}

// share takes so many bytes from the allowance. They are for shared memory, which RLIMIT_DATA does not count.
func (m *allowance) share(bytes int64) error {
	if m.most == 0 {
		return nil
	}
	if bytes > m.most {
		return fault{failedMemory}
	}
	limit := m.before
	limit.Cur = min(m.before.Max, m.base+uint64(m.most-bytes))
	return unix.Setrlimit(unix.RLIMIT_DATA, &limit)
}

// free ends the limit.
func (m *allowance) free() {
	if m.most > 0 {
		_ = unix.Setrlimit(unix.RLIMIT_DATA, &m.before) // it was allowed before
	}
}

// dataSize is how much memory counts against RLIMIT_DATA now, in bytes.
func dataSize() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 6 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[5], 10, 64) // 0 if it is no number
	return pages * uint64(os.Getpagesize())
}

// dieBySignals lets the kernel end the process at a fault. Go would catch the signal and exit with a code.
func dieBySignals() { C.gtx_worker_die_by_signals() }
