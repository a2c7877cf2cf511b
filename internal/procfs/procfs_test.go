// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

const port = "/dev/ttyAMA0"

// machine has a getty with the port open, a program that has locked it, and one that waits for that lock.
func machine() fstest.MapFS {
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: 0o777 | fs.ModeSymlink}
	}
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s), Mode: 0o444} }

	return fstest.MapFS{
		"dev/ttyAMA0":       {Mode: fs.ModeDevice | fs.ModeCharDevice | 0o660, Sys: &syscall.Stat_t{Dev: 5, Ino: 1042}},
		"proc/uptime":       text("1 1\n"),
		"proc/612/comm":     text("agetty\n"),
		"proc/612/cmdline":  text("/sbin/agetty\x00-\x00linux\x00"),
		"proc/612/cgroup":   text("0::/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyAMA0.service\n"),
		"proc/612/fd/0":     link(port),
		"proc/612/fd/1":     link(port),
		"proc/99/comm":      text("bash\n"),
		"proc/99/cgroup":    text("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n"),
		"proc/99/fd/0":      link(port + "1"),
		"proc/7/cgroup":     text("1:name=systemd:/init.scope\n0::/\n"),
		"proc/locks":        text(locks),
		"proc/sys/kernel/x": text(""),
	}
}

const locks = `1: FLOCK  ADVISORY  WRITE 99 00:05:1042 0 EOF
1: -> FLOCK  ADVISORY  WRITE 7 00:05:1042 0 EOF
2: FLOCK  ADVISORY  WRITE 1 00:05:10420 0 EOF
3: OFDLCK ADVISORY  READ -1 00:05:1042 0 EOF
`

func TestHolders(t *testing.T) {
	root := machine()
	if pids := PIDs(root); !slices.Equal(pids, []int{7, 99, 612}) {
		t.Errorf("the processes are %v", pids)
	}
	if open, hidden := Openers(root, port); !slices.Equal(open, []int{612}) || hidden {
		t.Errorf("open in %v, hidden %v", open, hidden)
	}
	if locked := Lockers(root, port); !slices.Equal(locked, []int{99}) {
		t.Errorf("locked by %v", locked)
	}
	if held, hidden := Holders(root, port); !slices.Equal(held, []int{99, 612}) || hidden {
		t.Errorf("held by %v, hidden %v", held, hidden)
	}
}

func TestLookup(t *testing.T) {
	root := machine()
	for pid, want := range map[int]Process{
		612: {612, "agetty", "/sbin/agetty - linux", "serial-getty@ttyAMA0.service"},
		99:  {99, "bash", "", "user@1000.service"},
		7:   {PID: 7},
		8:   {PID: 8},
	} {
		if got := Lookup(root, pid); got != want {
			t.Errorf("process %d: %+v, want %+v", pid, got, want)
		}
	}
}

// An ordinary user may not look into the processes of others, and is told so.
func TestHiddenProcesses(t *testing.T) {
	if _, hidden := Openers(forbidden{machine()}, port); !hidden {
		t.Error("nothing is said to be hidden")
	}
}

type forbidden struct{ fstest.MapFS }

func (f forbidden) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "proc/99/fd" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.ReadDir(name)
}

// The real /proc has the form that the made-up one has.
func TestThisProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "held")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	root, self := os.DirFS("/"), os.Getpid()

	if open, _ := Openers(root, file); !slices.Equal(open, []int{self}) {
		t.Errorf("open in %v, want this process, %d", open, self)
	}

	if p := Lookup(root, self); p.Name == "" || !strings.HasPrefix(p.Args, os.Args[0]) {
		t.Errorf("this process is %+v", p)
	}
}

// The file is in memory, since /proc/locks shows an overlayfs by other numbers than stat(2) does.
func TestLockOfThisProcess(t *testing.T) {
	fd, err := unix.MemfdCreate("locked", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)

	root, path := os.DirFS("/"), fmt.Sprintf("/proc/self/fd/%d", fd)

	if locked := Lockers(root, path); len(locked) > 0 {
		t.Errorf("locked by %v before anybody did", locked)
	}
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if locked := Lockers(root, path); !slices.Equal(locked, []int{os.Getpid()}) {
		t.Errorf("locked by %v, want this process, %d", locked, os.Getpid())
	}
}
