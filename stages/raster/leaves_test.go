package raster

import (
	"bytes"
	"testing"
)

func TestDeadLeavesAreRepeatableAndClean(t *testing.T) {
	p := DeadLeaves(128, 1)
	if p.Width != 128 || p.Height != 128 || p.Bands != 3 || len(p.Data) != 3*128*128 {
		t.Fatalf("%d×%d in %d bands, %d bytes", p.Width, p.Height, p.Bands, len(p.Data))
	}
	if !bytes.Equal(p.Data, DeadLeaves(128, 1).Data) {
		t.Error("the same seed gives another image")
	}
	if bytes.Equal(p.Data, DeadLeaves(128, 2).Data) {
		t.Error("another seed gives the same image")
	}
	if s := ScoreOf(p); !s.Valid || s.Drawn || s.Flagged(Score{}) {
		t.Errorf("a trial would find a pattern in its own source: %+v", s)
	}
}
