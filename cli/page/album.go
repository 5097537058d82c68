package page

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gtx/cli/exit"
	"gtx/stages"
)

// An album takes the pictures of a page: into the page while there is room, or into a folder beside it.
type album struct {
	folder string // "": into the page
	made   bool   // the folder was not there before
	files  *os.Root
	used   map[string]bool
	fresh  []string // files that were not there before
	room   int      // in the page, in bytes
}

// folderOf is the folder for the pictures of a page.
func folderOf(page string) string { return strings.TrimSuffix(page, filepath.Ext(page)) + ".pictures" }

// pictureName matches files in such a folder, which are named after their content. gtx removes no other files.
var pictureName = regexp.MustCompile(`^[0-9a-f]{20}\.(jpg|png)$`)

func newAlbum(o Options) (*album, error) {
	a := &album{used: map[string]bool{}}
	if o.Thumbs != Folder {
		return a, nil
	}
	a.folder = folderOf(o.Path)
	info, err := os.Lstat(a.folder)
	if err == nil && !info.IsDir() {
		return nil, exit.Usage("--thumbs folder: %q exists and is not a folder", a.folder)
	}
	err = os.Mkdir(a.folder, 0o777)
	if a.made = err == nil; a.made || errors.Is(err, fs.ErrExist) {
		a.files, err = os.OpenRoot(a.folder)
	}
	if err != nil {
		return nil, exit.CannotStart(fmt.Errorf("--thumbs folder %q: %w", a.folder, stages.WithoutPath(err)))
	}
	return a, nil
}

// errFull is the error of a picture for which a page has no room.
var errFull = errors.New("the page has no room for it: use --thumbs folder")

// add takes a picture, and returns it as an attribute of an img element.
func (a *album) add(kind string, file []byte) (template.HTMLAttr, error) {
	if a.folder == "" {
		attribute := inline(kind, file)
		if len(attribute) > a.room {
			return "", errFull
		}
		a.room -= len(attribute)
		return attribute, nil
	}
	sum := sha256.Sum256(file)
	name := hex.EncodeToString(sum[:10]) + "." + strings.Replace(kind, "jpeg", "jpg", 1)
	if !a.used[name] {
		if err := a.write(name, file); err != nil {
			return "", fmt.Errorf("cannot write %q: %w", filepath.Join(a.folder, name), stages.WithoutPath(err))
		}
		a.used[name] = true
	}
	folder := (&url.URL{Path: filepath.Base(a.folder)}).EscapedPath()
	return template.HTMLAttr(`src="./` + template.HTMLEscapeString(folder) + "/" + name + `"`), nil
}

// write writes a file of the folder.
func (a *album) write(name string, file []byte) error {
	switch err := a.files.Remove(name); {
	case errors.Is(err, fs.ErrNotExist):
		a.fresh = append(a.fresh, name)
	case err != nil:
		return err
	}
	f, err := a.files.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(file)
	return errors.Join(err, f.Close())
}

// undo takes back what was added to the folder for a page that was not written.
func (a *album) undo() {
	if a == nil || a.files == nil {
		return
	}
	for _, name := range a.fresh {
		a.files.Remove(name) // if it stays, the next page removes it
	}
	a.files.Close()
	if a.made {
		os.Remove(a.folder) // unless somebody put a file there
	}
}

// tidy removes the pictures of earlier pages from the folder, and closes it.
func (a *album) tidy() error {
	if a.files == nil {
		return nil
	}
	entries, err := fs.ReadDir(a.files.FS(), ".")
	for _, e := range entries {
		if pictureName.MatchString(e.Name()) && !a.used[e.Name()] {
			err = errors.Join(err, a.files.Remove(e.Name()))
		}
	}
	return errors.Join(err, a.files.Close())
}
