package container

import (
	"bytes"
	"testing"
)

func TestSealShowsEveryChange(t *testing.T) {
	note := newPacket(note("0123", nil))
	chunk := pngChunk("iTXt", append([]byte(pngXMP), note...))
	for name, pieces := range map[string][][]byte{
		"plain":     {[]byte("head"), note, []byte("pixels")},
		"one piece": {bytes.Join([][]byte{[]byte("head"), note, []byte("pixels")}, nil)},
		"PNG":       {[]byte("head"), chunk, []byte("pixels")},
	} {
		file := bytes.Join(Seal(pieces), nil)
		if got := ReadSeal(file); got != SealWhole {
			t.Fatalf("%s: %d", name, got)
		}
		if again := bytes.Join(Seal([][]byte{bytes.Clone(file)}), nil); !bytes.Equal(again, file) {
			t.Errorf("%s: another seal for the same bytes", name)
		}
		if got := ReadSeal(file[:len(file)-1]); got != SealBroken {
			t.Errorf("%s, cut: %d", name, got)
		}
		if got := ReadSeal(append(bytes.Clone(file), 0)); got != SealBroken {
			t.Errorf("%s, longer: %d", name, got)
		}
		_, sum := findSeal(file)
		for i := range file {
			if sum != nil && i >= offset(file, sum) && i < offset(file, sum)+4 {
				continue
			}
			changed := bytes.Clone(file)
			changed[i] ^= 1
			if ReadSeal(changed) == SealWhole {
				t.Errorf("%s: byte %d may change", name, i)
			}
		}
	}
}

func TestSealKeepsTheChecksumOfAPNG(t *testing.T) {
	chunk := pngChunk("iTXt", append([]byte(pngXMP), newPacket(note("0123", nil))...))
	before := bytes.Clone(chunk)
	Seal([][]byte{chunk})
	if bytes.Equal(before, chunk) {
		t.Fatal("no seal was written")
	}
	if want := pngChunk("iTXt", chunk[8:len(chunk)-4]); !bytes.Equal(chunk, want) {
		t.Error("the checksum does not fit")
	}
}

func FuzzReadSeal(f *testing.F) {
	f.Add(newPacket(note("0123", nil)))
	f.Add(pngChunk("iTXt", append([]byte(pngXMP), newPacket(note("0123", nil))...)))
	f.Add([]byte("\xff\xff\xff\xffiTXt" + pngXMP + identityKey + `"` + sealKey))
	f.Fuzz(func(t *testing.T, file []byte) {
		before := bytes.Clone(file)
		ReadSeal(file)
		if !bytes.Equal(before, file) {
			t.Error("the file was changed")
		}
	})
}
