package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A work is what all programs of one table row do: translate a set of photographs of one size.
type work struct {
	name          string
	model         string // a built-in one, or identity
	width, height int    // of the photographs
	shape         string // WIDTHxHEIGHT at which the network sees them
	size          string // of the results: source or model
	images, quick int    // photographs in a run, and in one of -quick
	distinct      int    // different ones among them; the rest are links
	programs      []string
}

// The programs, in the order of the table.
var (
	all  = []string{gtxName, gtxF32, naive, threads, pyvips, sharp, libvips, bare}
	some = []string{gtxName, naive, threads, libvips, bare}
)

const (
	gtxName = "gtx"
	gtxF32  = "gtx-f32" // gtx --precision f32, if it has that option
	naive   = "naive"
	threads = "threads"
	pyvips  = "pyvips"
	sharp   = "sharp"
	libvips = "libvips"
	bare    = "bare"
)

// titles name the programs in the page.
var titles = map[string]string{
	gtxName: "gtx", gtxF32: "gtx, f32", naive: "naive Python", threads: "Python threads", pyvips: "pyvips",
	sharp: "sharp + onnxruntime-node", libvips: "libvips alone", bare: "network alone",
}

// The numbers of images give a run of gtx about three seconds on two processors.
var works = []work{
	{"256", "seasons", 256, 256, "256x256", "source", 300, 12, 300, all},
	{"1024-source", "seasons", 1024, 768, "296x224", "source", 180, 8, 180, without(all, gtxF32)},
	{"1024-model", "seasons", 1024, 768, "296x224", "model", 240, 8, 180, without(all, gtxF32)},
	{"12mp-source", "seasons", 4000, 3000, "296x224", "source", 40, 3, 24, without(all, gtxF32)},
	{"12mp-model", "seasons", 4000, 3000, "296x224", "model", 80, 3, 24, without(all, gtxF32)},
	{"identity-256", "identity", 256, 256, "256x256", "source", 1200, 24, 300, some},
	{"identity-1024", "identity", 1024, 768, "296x224", "source", 240, 8, 180, some},
	{"identity-12mp", "identity", 4000, 3000, "296x224", "source", 40, 3, 24, some},
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

// A selection limits works and programs to those that -only names. gtx runs in every work that is
// selected by name or by a peer, because ratios are to gtx.
type selection struct{ works, programs map[string]bool }

func selectionOf(only string) (s selection, err error) {
	s = selection{map[string]bool{}, map[string]bool{}}
	for name := range strings.SplitSeq(only, ",") {
		switch {
		case name == "":
		case slices.ContainsFunc(works, func(w work) bool { return w.name == name }):
			s.works[name] = true
		case slices.Contains(all, name):
			s.programs[name] = true
		default:
			return s, fmt.Errorf("-only %s: known are %s", name, strings.Join(append(workNames(), all...), ", "))
		}
	}
	return s, nil
}

func workNames() (names []string) {
	for _, w := range works {
		names = append(names, w.name)
	}
	return names
}

// programsOf lists the programs to run for a work.
func (s selection) programsOf(w work) (names []string) {
	if len(s.works) > 0 && !s.works[w.name] {
		return nil
	}
	for _, name := range w.programs {
		if len(s.programs) == 0 || s.programs[name] || name == gtxName {
			names = append(names, name)
		}
	}
	return names
}

// networkOf returns the .onnx file of a model, for the peers, and what to give to gtx --model. The
// identity network of the tests gets the size of the built-in one.
func (b *bench) networkOf(w work) (file, model string, err error) {
	if w.model != "identity" {
		return filepath.Join("models", "builtin", w.model+".onnx"), w.model, nil
	}
	file = filepath.Join(b.folder, "identity.onnx")
	network, err := os.ReadFile("testdata/models/identity.onnx")
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(file, network, 0o666); err != nil {
		return "", "", err
	}
	manifest, err := os.ReadFile("scripts/bench/identity.yaml")
	if err != nil {
		return "", "", err
	}
	return file, file, os.WriteFile(file+".yaml", manifest, 0o666)
}
