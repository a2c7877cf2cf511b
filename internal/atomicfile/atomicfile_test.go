// SPDX-License-Identifier: Apache-2.0

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mustHold checks what a file holds and its permission bits.
func mustHold(t *testing.T, file, content string, mode fs.FileMode) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil || string(b) != content {
		t.Errorf("%s holds %q (%v), want %q", file, b, err, content)
	}
	if info, err := os.Lstat(file); err != nil || info.Mode() != mode {
		t.Errorf("%s has mode %v (%v), want %v", file, info.Mode(), err, mode)
	}
}

// mustBeAlone checks that nothing is left in a file's directory but the file.
func mustBeAlone(t *testing.T, file string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(file) {
		t.Errorf("the directory holds %v (%v), want %s alone", entries, err, filepath.Base(file))
	}
}

func TestWriteMakesAndReplaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	for _, tt := range []struct {
		content string
		mode    fs.FileMode
	}{{"first", 0o640}, {"a longer second", 0o600}, {"3", 0o666}} {
		if err := Write(file, []byte(tt.content), tt.mode); err != nil {
			t.Fatal(err)
		}
		mustHold(t, file, tt.content, tt.mode)
	}
	mustBeAlone(t, file)
}

// A reader that has the old file open goes on reading the old content.
func TestWriteLeavesTheOldFileWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()

	if err := Write(file, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}

	b := make([]byte, 8)
	if n, _ := old.Read(b); string(b[:n]) != "old" {
		t.Errorf("the open file now holds %q", b[:n])
	}
}

func TestFailedWriteLeavesNothingBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taken")
	if err := os.MkdirAll(filepath.Join(file, "by a directory"), 0o755); err != nil {
		t.Fatal(err)
	}

	if err := Write(file, []byte("x"), 0o600); err == nil {
		t.Error("a directory is replaced")
	}
	mustBeAlone(t, file)

	if err := Write(filepath.Join(file, "none", "x"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that does not exist: %v", err)
	}
}

func TestRewriteFollowsALink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	link, target := filepath.Join(dir, "config.toml"), filepath.Join(elsewhere, "kept.toml")
	err := errors.Join(os.WriteFile(target, []byte("old"), 0o600), os.Symlink(target, link))
	if err != nil {
		t.Fatal(err)
	}

	if err := Rewrite(link, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustHold(t, target, "new", 0o644)
	mustBeAlone(t, target)
	if to, err := os.Readlink(link); err != nil || to != target {
		t.Errorf("the link leads to %q (%v), want %q", to, err, target)
	}

	if err := Write(link, []byte("newest"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustHold(t, link, "newest", 0o644)
	mustHold(t, target, "new", 0o644)
}

// Only root can give a file away; the group of the file is what an ordinary user can see kept.
func TestRewriteKeepsOwnerAndGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "api-key")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = 1234, 5678
		if err := os.Chown(file, uid, gid); err != nil {
			t.Fatal(err)
		}
	}

	for _, write := range []struct {
		name     string
		replace  func(string, []byte, fs.FileMode) error
		uid, gid int
	}{{"Rewrite", Rewrite, uid, gid}, {"Write", Write, os.Geteuid(), os.Getegid()}} {
		if err := write.replace(file, []byte(write.name), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != write.uid || int(owner.Gid) != write.gid {
			t.Errorf("after %s it belongs to %d:%d, want %d:%d", write.name, owner.Uid, owner.Gid, write.uid, write.gid)
		}
	}
}
