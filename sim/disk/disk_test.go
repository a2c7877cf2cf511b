// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// contents returns the contents of all files of a disk, by name.
func contents(t *testing.T, d *Disk) map[string]string {
	t.Helper()
	names, err := d.Names("/j")
	if err != nil {
		t.Fatal(err)
	}

	all := make(map[string]string)
	for _, name := range names {
		f, err := d.Open("/j/"+name, os.O_RDONLY)
		if err != nil {
			t.Fatal(err)
		}

		size, _ := f.Size()
		b := make([]byte, size)
		if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
			t.Fatal(err)
		}

		all[name] = string(b)
	}

	return all
}

// openOn opens a file of a disk.
func openOn(t *testing.T, d *Disk, name string, flag int) File {
	t.Helper()
	f, err := d.Open(name, flag)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The states that After yields are just those that a disk may be in.
func TestPowerCutLeavesEveryPossibleState(t *testing.T) {
	a, b := strings.Repeat("a", 500), strings.Repeat("b", 24)
	zeros := strings.Repeat("\x00", 12)

	for _, tt := range []struct {
		name string
		run  func(d *Disk, f File)
		want []string // contents of the file, "-" if it is not there
	}{
		{"made, not synced", func(*Disk, File) {}, []string{"-", ""}},
		{"name synced", func(d *Disk, _ File) { d.SyncDir("/j") }, []string{""}},
		{"file synced, name not", func(d *Disk, f File) { f.Write([]byte("x")); f.Sync() }, []string{"-", "x"}},
		{"all synced", func(d *Disk, f File) { f.Write([]byte(a)); f.Sync(); d.SyncDir("/j") }, []string{a}},
		{"a line over two sectors", func(d *Disk, f File) {
			f.Write([]byte(a))
			f.Sync()
			d.SyncDir("/j")
			f.Write([]byte(b))
		}, []string{
			a,
			a + b,
			a + b[:12] + zeros,            // the first sector alone
			a + zeros + b[12:],            // the second alone
			a + zeros + zeros,             // the size alone
			a + b[:6] + zeros[6:] + zeros, // the first torn
			a + b[:12] + b[:6] + zeros[:6],
			a + zeros + b[:6] + zeros[:6],
			a + b[:6] + zeros[6:] + b[12:],
			a + b[:6] + zeros[6:] + b[:6] + zeros[:6],
		}},
		{"cut back", func(d *Disk, f File) {
			f.Write([]byte("one\n"))
			f.Sync()
			d.SyncDir("/j")
			f.Truncate(2)
		}, []string{"one\n", "on", "on\x00\x00", "on\x00\n"}},
		{"removed", func(d *Disk, f File) {
			f.Write([]byte("x"))
			f.Sync()
			d.SyncDir("/j")
			d.Remove("/j/f")
		}, []string{"-", "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := New()
			tt.run(d, openOn(t, d, "/j/f", os.O_RDWR|os.O_CREATE))
			found := make(map[string]bool)

			for after := range d.After(d.Ops(), 1000) {
				text, ok := contents(t, after)["f"]
				if !ok {
					text = "-"
				}
				found[text] = true
			}

			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(found))); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}

// In a sample, too, what was synced is there; and the sample is the same on each call.
func TestSampleKeepsWhatWasSynced(t *testing.T) {
	d := New()
	for _, name := range []string{"/j/1", "/j/2", "/j/3"} {
		f := openOn(t, d, name, os.O_RDWR|os.O_CREATE)
		f.Write([]byte("kept"))
		f.Sync()
	}

	d.SyncDir("/j")
	for range 20 {
		for _, name := range []string{"/j/1", "/j/2", "/j/3"} {
			openOn(t, d, name, os.O_RDWR).Write([]byte(strings.Repeat(".", 200)))
		}
	}

	var runs [2][]map[string]string
	for i := range runs {
		for after := range d.After(d.Ops(), 200) {
			all := contents(t, after)
			runs[i] = append(runs[i], all)

			for name, text := range all {
				if !strings.HasPrefix(text, "kept") {
					t.Fatalf("%s is %.10q, which had been synced otherwise", name, text)
				}
			}

			if len(all) != 3 {
				t.Fatalf("got %d files, want 3", len(all))
			}
		}
	}

	if len(runs[0]) != 200 {
		t.Errorf("got %d states, want 200", len(runs[0]))
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Errorf("two samples of the same cut (-first +second):\n%s", diff)
	}
}

func TestFaultStrikesAWrite(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(Op) Fault
		room  int64
		n     int // bytes that Write reports
		err   error
		took  time.Duration
		text  string // what the file then holds
	}{
		{name: "none", room: -1, n: 5, text: "whole"},
		{name: "no room", room: 3, n: 3, err: syscall.ENOSPC, text: "who"},
		{name: "read-only", room: -1, fault: func(Op) Fault { return Fault{Err: syscall.EROFS} }, err: syscall.EROFS},
		{
			name: "an error after two bytes", room: -1,
			fault: func(Op) Fault { return Fault{Err: syscall.EIO, Bytes: 2} }, n: 2, err: syscall.EIO, text: "wh",
		},
		{name: "short", room: -1, fault: func(Op) Fault { return Fault{Short: true, Bytes: 1} }, n: 1, text: "w"},
		{
			name: "slow", room: -1, fault: func(Op) Fault { return Fault{Delay: 5 * time.Second} }, n: 5,
			took: 5 * time.Second, text: "whole",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := New()
				f := openOn(t, d, "/j/f", os.O_RDWR|os.O_CREATE)
				d.Fault(tt.fault)
				d.Room(tt.room)

				begun := time.Now()
				n, err := f.Write([]byte("whole"))
				took := time.Since(begun)
				d.Fault(nil)

				if n != tt.n || !errors.Is(err, tt.err) || took != tt.took {
					t.Errorf("got %d bytes, %v, after %v, want %d, %v, %v", n, err, took, tt.n, tt.err, tt.took)
				}
				if got := contents(t, d)["f"]; got != tt.text {
					t.Errorf("the file holds %q, want %q", got, tt.text)
				}
			})
		})
	}
}
