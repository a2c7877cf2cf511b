// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
)

// A state is what a file system shows, and what of it a power cut would leave.
type state struct {
	names map[string]*inode
	// changes holds, for each name that changed since its directory's last sync, the file that it stood for then, and
	// the one after every change; nil means no file.
	changes map[string][]*inode
}

// An inode is a file without its name: its content at its last sync, and after every change since.
type inode struct{ versions [][]byte }

// now returns the content that a reader sees.
func (n *inode) now() []byte { return n.versions[len(n.versions)-1] }

func newState() *state {
	return &state{names: make(map[string]*inode), changes: make(map[string][]*inode)}
}

// used returns how many bytes all files hold.
func (s *state) used() (bytes int64) {
	for _, n := range s.names {
		bytes += int64(len(n.now()))
	}
	return bytes
}

// setName lets a name stand for a file from now on; nil removes the name.
func (s *state) setName(name string, n *inode) {
	if s.changes[name] == nil {
		s.changes[name] = []*inode{s.names[name]}
	}
	s.changes[name] = append(s.changes[name], n)

	if s.names[name] = n; n == nil {
		delete(s.names, name)
	}
}

// apply carries out an operation. A sync forgets the older versions: a power cut can no longer bring them back.
func (s *state) apply(op Op) error {
	n := s.names[op.Name]
	switch {
	case op.Kind == "syncdir":
		maps.DeleteFunc(s.changes, func(name string, _ []*inode) bool { return filepath.Dir(name) == op.Name })
	case op.Kind == "create" && n != nil:
		return fs.ErrExist
	case op.Kind == "create":
		s.setName(op.Name, &inode{versions: [][]byte{nil}})
	case n == nil:
		return fs.ErrNotExist
	case op.Kind == "remove":
		s.setName(op.Name, nil)
	case op.Kind == "write":
		n.versions = append(n.versions, slices.Concat(n.now(), op.Data))
	case op.Kind == "truncate":
		b := make([]byte, op.Size)
		copy(b, n.now())
		n.versions = append(n.versions, b)
	case op.Kind == "sync":
		n.versions = [][]byte{n.now()}
	}
	return nil
}
