package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gtx/models/manifest"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	touch(t, path)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadReadsTheManifestInside(t *testing.T) {
	m, err := Load(fixtures + "shift.onnx")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(read(t, fixtures+"shift.onnx"))
	if m.Manifest.Name != "shift" || m.Origin != fixtures+"shift.onnx" || m.Digest != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", m)
	}
	if got := m.Manifest.DomainIDs(); !slices.Equal(got, []string{"summer", "winter"}) {
		t.Errorf("domains %q", got)
	}
}

func TestManifestBesideAModelOverridesAndChangesTheDigest(t *testing.T) {
	inside := find(t, fixtures+"shift.onnx")
	path := write(t, filepath.Join(t.TempDir(), "shift.onnx"), read(t, fixtures+"shift.onnx"))
	write(t, path+ManifestSuffix, []byte(strings.Replace(coded, "name: seasons", "name: beside", 1)))
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Manifest.Name != "beside" || m.Digest == inside.Digest {
		t.Errorf("name %q, digest %s", m.Manifest.Name, m.Digest)
	}
}

// To open a FIFO would block.
func TestManifestThatIsNoFileIsRefused(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "shift.onnx"), read(t, fixtures+"shift.onnx"))
	if err := syscall.Mkfifo(path+ManifestSuffix, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("%v", err)
	}
	if _, err := ReadManifest(path + ManifestSuffix); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("read by itself: %v", err)
	}
}

func TestManifestBesideAModelMayPinIt(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "shift.onnx"), read(t, fixtures+"shift.onnx"))
	for _, c := range []struct{ pin, field string }{
		{"file: shift.onnx, sha256: " + find(t, fixtures+"shift.onnx").Digest, ""},
		{"file: other.onnx", "graphs.main.file"},
		{"sha256: '00'", "graphs.main.sha256"},
	} {
		write(t, path+ManifestSuffix, []byte(strings.Replace(coded, "batch: dynamic", "batch: dynamic, "+c.pin, 1)))
		_, err := Load(path)
		var wrong *manifest.Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field) {
			t.Errorf("%s: %v", c.pin, err)
		}
	}
}

func TestBadFilesAreErrorsThatSaySo(t *testing.T) {
	folder := t.TempDir()
	whole := read(t, fixtures+"shift.onnx")
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not an ONNX model"},
		{"text", []byte("this is a text and no network\n"), "not an ONNX model"},
		{"cut", whole[:len(whole)-10], "truncated"},
		{"cut early", whole[:300], "truncated"},
		{"jpeg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "not an ONNX model"},
	} {
		_, err := Load(write(t, filepath.Join(folder, c.name+".onnx"), c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Load(filepath.Join(folder, "none.onnx")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("folder: %v", err)
	}
}

func TestModelWithoutAManifestHintsAtTheFileBeside(t *testing.T) {
	_, err := Load(fixtures + "no-manifest.onnx")
	var missing *ManifestMissingError
	if !errors.As(err, &missing) || !strings.Contains(missing.Hint(), "no-manifest.onnx.yaml") {
		t.Errorf("%v", err)
	}
}

func TestModelsAreFoundByNameAndByPath(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	write(t, filepath.Join(Folder(), "mine.onnx"), read(t, fixtures+"shift.onnx"))
	write(t, filepath.Join(Folder(), "seasons.onnx"), read(t, fixtures+"shift.onnx"))
	if m := find(t, "mine"); m.Manifest.Name != "shift" || m.Origin != filepath.Join(Folder(), "mine.onnx") {
		t.Errorf("mine: %+v", m)
	}
	if m := find(t, "seasons"); m.Origin != "built-in" {
		t.Errorf("a user's file hides the built-in model: %+v", m)
	}
	if m := find(t, filepath.Join(Folder(), "seasons.onnx")); m.Manifest.Name != "shift" {
		t.Errorf("by path: %+v", m)
	}
	_, err := Find("spring")
	var unknown *NotFoundError
	if !errors.As(err, &unknown) || !slices.Equal(unknown.Known, []string{"seasons-classifier", "seasons", "mine"}) {
		t.Errorf("spring: %v", err)
	}
}

func TestInstalledModelsAreFoundAfterTheUsersOwn(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	prefix, elsewhere := t.TempDir(), t.TempDir()
	program := write(t, filepath.Join(prefix, "bin", "gtx"), nil)
	installed := filepath.Join(prefix, "share", "gtx", "models")
	for _, path := range []string{filepath.Join(installed, "both.onnx"), filepath.Join(installed, "zoo.onnx"), filepath.Join(Folder(), "both.onnx")} {
		write(t, path, read(t, fixtures+"shift.onnx"))
	}
	link := filepath.Join(elsewhere, "gtx")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{program, link} {
		var origins []string
		found, err := placesIn(modelFolders(program))
		if err != nil {
			t.Error(err)
		}
		for _, m := range found {
			if m.Origin != builtIn {
				origins = append(origins, m.Origin)
			}
		}
		if want := []string{filepath.Join(Folder(), "both.onnx"), filepath.Join(installed, "zoo.onnx")}; !slices.Equal(origins, want) {
			t.Errorf("%s: %q, want %q", program, origins, want)
		}
	}
	if got := modelFolders(""); !slices.Equal(got, []string{Folder()}) {
		t.Errorf("%q", got)
	}
}

func TestOneBadModelCostsTheListOnlyItself(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	write(t, filepath.Join(Folder(), "bad.onnx"), []byte("bad"))
	write(t, filepath.Join(Folder(), "good.onnx"), read(t, fixtures+"shift.onnx"))
	list, err := List()
	var names []string
	for _, m := range list {
		names = append(names, m.Manifest.Name)
	}
	if !slices.Equal(names, []string{"seasons-classifier", "seasons", "shift"}) {
		t.Errorf("names %q", names)
	}
	if err == nil || !strings.Contains(err.Error(), "bad.onnx") {
		t.Errorf("error %v", err)
	}
}

func TestModelsAreListedUnderTheNameThatFindsThem(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	write(t, filepath.Join(Folder(), "mine.onnx"), read(t, fixtures+"shift.onnx"))
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		if m.Name() != Names()[i] || find(t, m.Name()).Origin != m.Origin {
			t.Errorf("%s is listed as %q", m.Origin, m.Name())
		}
	}
}

// A link that leads to itself cannot be read by root either.
func TestFolderThatCannotBeReadIsReported(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	if err := errors.Join(os.MkdirAll(filepath.Dir(Folder()), 0o755), os.Symlink(Folder(), Folder())); err != nil {
		t.Fatal(err)
	}
	list, err := List()
	if len(list) != 2 || !errors.Is(err, syscall.ELOOP) || !strings.Contains(err.Error(), Folder()) {
		t.Errorf("%d models, %v", len(list), err)
	}
	_, err = Find("mine")
	if !errors.As(err, new(*NotFoundError)) || !strings.Contains(err.Error(), Folder()+`": too many levels of symbolic links`) {
		t.Errorf("mine: %v", err)
	}
	find(t, "seasons")
	if err := free("mine", false); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("the name of a new model: %v", err)
	}
}

func TestFolderThatIsMissingHasNoModels(t *testing.T) {
	for _, data := range []string{filepath.Join(t.TempDir(), "none"), touch(t, filepath.Join(t.TempDir(), "file"))} {
		t.Setenv("XDG_DATA_HOME", data)
		if list, err := List(); len(list) != 2 || err != nil {
			t.Errorf("%s: %d models, %v", data, len(list), err)
		}
	}
}

func TestBuiltInClassifierKnowsTheBuiltInTranslatorsDomains(t *testing.T) {
	m, err := ClassifierFor(find(t, "seasons"))
	if err != nil || m.Manifest.Name != "seasons-classifier" || m.Origin != "built-in" {
		t.Errorf("%+v, %v", m, err)
	}
	if m.Classifies([]string{"summer", "horse"}) {
		t.Error("a classifier of seasons claims to know horses")
	}
	other := &Model{Manifest: parse(t, plain)}
	if _, err := ClassifierFor(other); err == nil || !strings.Contains(err.Error(), "photo, mosaic") {
		t.Errorf("no classifier: %v", err)
	}
}

func TestInspectReadsTheGraphsDeclarations(t *testing.T) {
	inputs, outputs, err := find(t, fixtures+"shift.onnx").Tensors("main")
	if err != nil {
		t.Fatal(err)
	}
	same := func(a, b TensorInfo) bool {
		return a.Name == b.Name && a.DType == b.DType && slices.Equal(a.Shape, b.Shape)
	}
	if !slices.EqualFunc(inputs, []TensorInfo{{Name: "image", DType: "uint8", Shape: []int{-1, -1, -1, 3}}, {Name: "code", DType: "float32", Shape: []int{-1}}}, same) {
		t.Errorf("inputs %v", inputs)
	}
	if !slices.EqualFunc(outputs, []TensorInfo{{Name: "translation", DType: "uint8", Shape: []int{-1, -1, -1, 3}}}, same) {
		t.Errorf("outputs %v", outputs)
	}
}
