// Package webdataset reads and writes tars of samples, as the WebDataset library for Python defines them.
//
// A sample is a run of consecutive files in a tar that share a key: the name up to the first dot after the last
// slash. The rest of the name is the file's field, such as jpg or input.png. Reader.Next returns one sample after
// the other, Writer.Add writes files. Both keep no more than one sample in memory, however long the tar is.
//
// A Reader is strict where a tar could mislead: a tar must have its end-of-archive mark, and nothing may follow that. A
// Writer gives every file the same owner, permissions and time, so that the same files make the same tar.
package webdataset

import "strings"

// Record is the field of the file that says what became of a sample.
const Record = "gtx.json"

// Split returns the key and the field of a name. The field is in lower case. Both are empty if the name belongs to no
// sample: its last part has no dot or begins with one, or its first part is of the form __NAME__.
func Split(name string) (key, field string) {
	at := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[at:], '.')
	if dot <= 0 || isMeta(name) {
		return "", ""
	}
	return name[:at+dot], strings.ToLower(name[at+dot+1:])
}

// isMeta tells whether the first part of a name is of the form __NAME__, which the WebDataset library passes over.
func isMeta(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return len(first) >= 4 && strings.HasPrefix(first, "__") && strings.HasSuffix(first, "__")
}

// isUnsafe tells whether a name leads out of the folder in which somebody unpacks the tar.
func isUnsafe(name string) bool {
	if name == "" || name[0] == '/' {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}
