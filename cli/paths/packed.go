package paths

import (
	"encoding/binary"
	"strings"

	"gtx/stages"
)

// Packed sources take some 35 bytes each instead of 300, because the number of inputs may be large. Most of a
// path is the same as in the path before it, and only the rest is kept.
type Packed struct {
	bytes []byte
	n     int
	last  stages.Source
	rare  map[int]stages.Source // for fields that few sources have
}

// Len is the number of sources.
func (p *Packed) Len() int { return p.n }

// texts are the fields of a source that resemble those of the source before.
func texts(s *stages.Source) []*string {
	return []*string{&s.In, &s.Out, &s.Expected, &s.Below, (*string)(&s.Format)}
}

// Add puts sources at the end.
func (p *Packed) Add(sources ...stages.Source) {
	for _, s := range sources {
		p.add(s)
	}
}

func (p *Packed) add(s stages.Source) {
	before := texts(&p.last)
	for i, text := range texts(&s) {
		p.bytes = appendShared(p.bytes, *before[i], *text)
	}
	if tail := len(s.In) - len(s.Relative); tail >= 0 && s.In[tail:] == s.Relative {
		p.number(tail + 1)
	} else {
		p.number(0)
		p.bytes = appendShared(p.bytes, "", s.Relative)
	}
	p.number(s.Sample)
	p.bytes = binary.LittleEndian.AppendUint64(p.bytes, s.Seed)
	if s.More != nil || s.Data != nil || s.Old != nil || s.Err != nil {
		if p.rare == nil {
			p.rare = map[int]stages.Source{}
		}
		p.rare[p.n] = stages.Source{More: s.More, Data: s.Data, Old: s.Old, Err: s.Err}
	}
	p.last = s
	p.n++
}

func (p *Packed) number(n int) { p.bytes = binary.AppendUvarint(p.bytes, uint64(n)) }

// appendShared writes how much of a text is the beginning of the one before, and the rest.
func appendShared(b []byte, before, text string) []byte {
	n := 0
	for n < len(before) && n < len(text) && before[n] == text[n] {
		n++
	}
	b = binary.AppendUvarint(b, uint64(n))
	b = binary.AppendUvarint(b, uint64(len(text)-n))
	return append(b, text[n:]...)
}

// All yields the sources in the order in which they were added.
func (p *Packed) All(yield func(stages.Source) bool) {
	var last stages.Source
	r := unpacking{p.bytes}
	for i := range p.n {
		s := p.rare[i]
		before := texts(&last)
		for i, text := range texts(&s) {
			*text = r.shared(*before[i])
		}
		if tail := r.number(); tail > 0 {
			s.Relative = s.In[tail-1:]
		} else {
			s.Relative = r.shared("")
		}
		s.Sample = r.number()
		s.Seed = binary.LittleEndian.Uint64(r.left)
		r.left = r.left[8:]
		if !yield(s) {
			return
		}
		last = s
	}
}

// unpacking reads what Packed wrote.
type unpacking struct{ left []byte }

func (u *unpacking) number() int {
	n, size := binary.Uvarint(u.left)
	u.left = u.left[size:]
	return int(n)
}

func (u *unpacking) shared(before string) string {
	n := u.number()
	rest := u.number()
	if n == len(before) && rest == 0 {
		return before
	}
	var b strings.Builder
	b.WriteString(before[:n])
	b.Write(u.left[:rest])
	u.left = u.left[rest:]
	return b.String()
}

// names is a list of texts in little memory, for paths that are rarely needed again.
type names struct {
	bytes  []byte
	starts []int // of every wholeEach-th text, which is kept whole
	n      int
	last   string
}

const wholeEach = 128

// add puts a text at the end and returns its number.
func (l *names) add(text string) (number int) {
	if l.n%wholeEach == 0 {
		l.starts = append(l.starts, len(l.bytes))
		l.last = ""
	}
	l.bytes = appendShared(l.bytes, l.last, text)
	l.last = text
	l.n++
	return l.n - 1
}

// at returns the text with a number.
func (l *names) at(number int) (text string) {
	r := unpacking{l.bytes[l.starts[number/wholeEach]:]}
	for range number%wholeEach + 1 {
		text = r.shared(text)
	}
	return text
}
