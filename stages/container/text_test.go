package container

import (
	"bytes"
	"testing"
)

func TestMuchCompressedTextIsLeftOut(t *testing.T) {
	head := append([]byte(pngSignature), pngChunk("IHDR", make([]byte, 13))...)
	end := append(pngChunk("IDAT", []byte("pixels")), pngChunk("IEND", nil)...)
	much := make([]byte, 9000)
	plain := bytes.Join([][]byte{head, end, []byte("more")}, nil)
	for name, file := range map[string][]byte{
		"zTXt":       bytes.Join([][]byte{head, pngChunk("zTXt", much), pngChunk("zTXt", much), end, []byte("more")}, nil),
		"iTXt":       bytes.Join([][]byte{head, pngChunk("iTXt", much), pngChunk("tEXt", []byte("a")), pngChunk("iTXt", much), end, []byte("more")}, nil),
		"behind all": bytes.Join([][]byte{head, end[:len(end)-12], pngChunk("zTXt", much), pngChunk("zTXt", much), end[len(end)-12:], []byte("more")}, nil),
	} {
		before := bytes.Clone(file)
		if got := WithoutText(file); !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(plain))
		}
		if !bytes.Equal(file, before) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	for _, file := range [][]byte{
		plain, bytes.Join([][]byte{head, pngChunk("zTXt", much), pngChunk("tEXt", make([]byte, 90_000)), end}, nil),
		nil, []byte("zTXt"), head[:20],
	} {
		if got := WithoutText(file); !bytes.Equal(got, file) {
			t.Errorf("%q was changed", file[:min(len(file), 60)])
		}
	}
}
