package webdataset

import (
	"archive/tar"
	"hash/maphash"
	"io"
)

// An Index says where the samples of a tar begin.
type Index struct {
	seed   maphash.Seed
	places map[uint64]int64 // by the hash of a key
}

// indexMost bounds the samples in an Index.
const indexMost = 1 << 18

// IndexOf reads the headers of a tar. The Index has at most the first 262,144 samples, and ends where the tar cannot be
// read.
func IndexOf(r io.ReadSeeker) Index {
	x := Index{maphash.MakeSeed(), map[uint64]int64{}}
	in, last, at := tar.NewReader(r), "", int64(0)
	for len(x.places) < indexMost {
		h, err := in.Next()
		if err != nil {
			break
		}
		if key, _ := Split(h.Name); key != "" && key != last {
			last = key
			if _, before := x.Find(key); !before {
				x.places[maphash.String(x.seed, key)] = at
			}
		}
		data, err := r.Seek(0, io.SeekCurrent) // a tar.Reader reads no further than the header
		if err != nil {
			break
		}
		at = data + (h.Size+block-1)/block*block
	}
	return x
}

// Find returns the offset of a sample. Another key may have the same hash, so the caller must check the key that it
// reads there.
func (x Index) Find(key string) (at int64, there bool) {
	at, there = x.places[maphash.String(x.seed, key)]
	return at, there
}
