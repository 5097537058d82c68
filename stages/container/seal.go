package container

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
)

// The note of an output ends its identity with a seal: a digest of all other bytes of the file. With it gtx
// notices results that were cut or changed. The digest leaves out its own digits and, in a PNG, the checksum
// of the chunk that holds them.
const (
	sealKey    = ` gtx:seal="`
	sealLength = 32 // hexadecimal digits
)

var unsealed = bytes.Repeat([]byte{'0'}, sealLength)

// Seal writes the seal into a file with a note, given in pieces. It changes the piece that holds the note.
func Seal(pieces [][]byte) [][]byte {
	for i, piece := range pieces {
		digits, sum := findSeal(piece)
		if digits == nil {
			continue
		}
		copy(digits, unsealed)
		clear(sum)
		h := sha256.New()
		for _, p := range pieces {
			h.Write(p)
		}
		hex.Encode(digits, h.Sum(nil)[:sealLength/2])
		if sum != nil {
			fixSum(pieces[i], sum)
		}
		break
	}
	return pieces
}

// A SealState says what the seal of a file shows.
type SealState int

const (
	NoSeal SealState = iota // the file comes from an earlier version
	SealBroken
	SealWhole
)

// ReadSeal compares a file with its seal.
func ReadSeal(file []byte) SealState {
	digits, sum := findSeal(file)
	if digits == nil {
		return NoSeal
	}
	h := sha256.New()
	at := offset(file, digits)
	h.Write(file[:at])
	h.Write(unsealed)
	if sum == nil {
		h.Write(file[at+sealLength:])
	} else {
		end := offset(file, sum)
		h.Write(file[at+sealLength : end])
		h.Write(make([]byte, 4))
		h.Write(file[end+4:])
	}
	if hex.EncodeToString(h.Sum(nil)[:sealLength/2]) == string(digits) {
		return SealWhole
	}
	return SealBroken
}

// offset is where a part of data begins. Both end at the same capacity.
func offset(data, part []byte) int { return cap(data) - cap(part) }

// findSeal returns the digits of the seal, and in a PNG the checksum of their chunk. Both share memory with
// data, which may be a piece of a file.
func findSeal(data []byte) (digits, sum []byte) {
	at := bytes.Index(data, []byte(identityKey))
	if at < 0 {
		return nil, nil
	}
	rest := data[at+len(identityKey):]
	value := bytes.IndexByte(rest[:min(len(rest), 64)], '"')
	if value < 0 || !bytes.HasPrefix(rest[value+1:], []byte(sealKey)) || len(rest) < value+1+len(sealKey)+sealLength {
		return nil, nil
	}
	digits = rest[value+1+len(sealKey):][:sealLength]
	kind := bytes.LastIndex(data[:at], []byte("iTXt"+pngXMP))
	if kind < 4 {
		return digits, nil
	}
	length := int64(binary.BigEndian.Uint32(data[kind-4:]))
	behind := int64(offset(data, digits)) + sealLength // a damaged length may end the chunk before
	if end := int64(kind) + 4 + length; end >= behind && end+4 <= int64(len(data)) {
		sum = data[end:][:4]
	}
	return digits, sum
}

// fixSum computes the checksum of the chunk that ends with sum.
func fixSum(data, sum []byte) {
	end := offset(data, sum)
	kind := bytes.LastIndex(data[:end], []byte("iTXt"+pngXMP))
	binary.BigEndian.PutUint32(sum, crc32.ChecksumIEEE(data[kind:end]))
}
