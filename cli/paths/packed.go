package paths

import (
	"encoding/binary"

	"gtx/stages"
)

// Packed sources take some 10 bytes each instead of 300, because the number of inputs may be large. Most of a source is
// the same as in the source before it, and only the rest is kept.
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

// A source begins with a byte whose bits say what is the same as in the source before it. Bit i stands for the i-th of
// its texts.
const (
	sameLead = 1 << (5 + iota)
	sameSample
	sameSeed
)

// lead is how many bytes of In come before Relative, plus 1, or 0 if In does not end in Relative.
func lead(s *stages.Source) int {
	if n := len(s.In) - len(s.Relative); n >= 0 && s.In[n:] == s.Relative {
		return n + 1
	}
	return 0
}

// Add puts sources at the end.
func (p *Packed) Add(sources ...stages.Source) {
	for _, s := range sources {
		p.add(s)
	}
}

func (p *Packed) add(s stages.Source) {
	at := len(p.bytes)
	p.bytes = append(p.bytes, 0)
	same := func(bit byte, is bool) bool {
		if is {
			p.bytes[at] |= bit
		}
		return is
	}
	before := texts(&p.last)
	for i, text := range texts(&s) {
		if like := *before[i]; !same(1<<i, *text == like) {
			p.bytes = appendLike(p.bytes, like, ending(i, &s, &p.last), *text)
		}
	}
	if n := lead(&s); !same(sameLead, n > 0 && n == lead(&p.last)) {
		p.number(n)
		if n == 0 {
			p.bytes = appendLike(p.bytes, "", "", s.Relative)
		}
	}
	if !same(sameSample, s.Sample == p.last.Sample) {
		p.number(s.Sample)
	}
	if !same(sameSeed, s.Seed == p.last.Seed) {
		p.bytes = binary.LittleEndian.AppendUint64(p.bytes, s.Seed)
	}
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

// ending is a text that the i-th text of s may end like: for In, the In before; for all others, the In of s.
func ending(i int, s, before *stages.Source) string {
	if i == 0 {
		return before.In
	}
	return s.In
}

// appendLike writes how much of a text is the beginning of one text and the end of another, and what lies between.
func appendLike(b []byte, begin, end, text string) []byte {
	n, m := 0, 0
	for n < len(begin) && n < len(text) && begin[n] == text[n] {
		n++
	}
	for m < len(end) && m < len(text)-n && end[len(end)-1-m] == text[len(text)-1-m] {
		m++
	}
	b = binary.AppendUvarint(b, uint64(n))
	b = binary.AppendUvarint(b, uint64(m))
	b = binary.AppendUvarint(b, uint64(len(text)-n-m))
	return append(b, text[n:len(text)-m]...)
}

// All yields the sources in the order in which they were added.
func (p *Packed) All(yield func(stages.Source) bool) {
	var last stages.Source
	r := unpacking{p.bytes}
	for i := range p.n {
		s := p.rare[i]
		r.source(&s, &last)
		if !yield(s) {
			return
		}
		last = s
	}
}

// unpacking reads what Packed wrote.
type unpacking struct{ left []byte }

// source fills in the fields of the next source.
func (u *unpacking) source(s, last *stages.Source) {
	same := u.left[0]
	u.left = u.left[1:]
	before := texts(last)
	for i, text := range texts(s) {
		*text = *before[i]
		if same&(1<<i) == 0 {
			*text = u.like(*before[i], ending(i, s, last))
		}
	}
	n := lead(last)
	if same&sameLead == 0 {
		n = u.number()
	}
	if n > 0 {
		s.Relative = s.In[n-1:]
	} else {
		s.Relative = u.like("", "")
	}
	s.Sample, s.Seed = last.Sample, last.Seed
	if same&sameSample == 0 {
		s.Sample = u.number()
	}
	if same&sameSeed == 0 {
		s.Seed = binary.LittleEndian.Uint64(u.left)
		u.left = u.left[8:]
	}
}

func (u *unpacking) number() int {
	n, size := binary.Uvarint(u.left)
	u.left = u.left[size:]
	return int(n)
}

// like reads what appendLike wrote.
func (u *unpacking) like(begin, end string) string {
	n, m, between := u.number(), u.number(), u.number()
	text := begin[:n] + string(u.left[:between]) + end[len(end)-m:]
	u.left = u.left[between:]
	return text
}

// names is a list of texts in little memory, for paths that are rarely needed again.
type names struct {
	bytes  []byte
	starts []int // of every wholeEach-th text, which is kept whole
	n      int
	last   string
}

const wholeEach = 128

// add puts a text at the end.
func (l *names) add(text string) {
	if l.n%wholeEach == 0 {
		l.starts = append(l.starts, len(l.bytes))
		l.last = ""
	}
	l.bytes = appendLike(l.bytes, l.last, l.last, text)
	l.last = text
	l.n++
}

// at returns the text with a number.
func (l *names) at(number int) (text string) {
	r := unpacking{l.bytes[l.starts[number/wholeEach]:]}
	for range number%wholeEach + 1 {
		text = r.like(text, text)
	}
	return text
}
