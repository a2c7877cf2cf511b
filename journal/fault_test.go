// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simdisk "github.com/tagbase/tagbase-edge/sim/disk"
)

// TestBadDisk lets a disk go bad while scans go on, one a second, and be good
// again. No scan waits longer than it should, and nothing that found room in
// memory is lost.
func TestBadDisk(t *testing.T) {
	all := func(f simdisk.Fault) func(simdisk.Op) simdisk.Fault {
		return func(simdisk.Op) simdisk.Fault { return f }
	}
	only := func(kind string, f simdisk.Fault) func(simdisk.Op) simdisk.Fault {
		return func(op simdisk.Op) simdisk.Fault {
			if op.Kind == kind {
				return f
			}
			return simdisk.Fault{}
		}
	}
	for _, tt := range []struct {
		name  string
		fault func(simdisk.Op) simdisk.Fault
		full  bool
		err   error // that the journal says, in the end
		wait  time.Duration
		messy bool // lines may be on the disk twice, or torn
	}{
		{name: "full", full: true, err: syscall.ENOSPC},
		{name: "input/output error", fault: all(simdisk.Fault{Err: syscall.EIO}), err: syscall.EIO, messy: true},
		{name: "error in the midst of a line", fault: only("write", simdisk.Fault{Err: syscall.EIO, Bytes: 100}), err: syscall.EIO},
		{name: "short writes", fault: only("write", simdisk.Fault{Short: true, Bytes: 100}), err: errAny},
		{name: "read-only", fault: all(simdisk.Fault{Err: syscall.EROFS}), err: syscall.EROFS, messy: true},
		{name: "sync fails", fault: only("sync", simdisk.Fault{Err: syscall.EIO}), err: syscall.EIO},
		{name: "nothing but making segments", fault: func(op simdisk.Op) (f simdisk.Fault) {
			if op.Kind != "create" && op.Kind != "syncdir" && op.Kind != "readdir" {
				f.Err = syscall.EIO
			}
			return f
		}, err: syscall.EIO, messy: true},
		{name: "no cutting back", fault: func(op simdisk.Op) (f simdisk.Fault) {
			switch op.Kind {
			case "write":
				f.Err, f.Bytes = syscall.ENOSPC, 50
			case "truncate":
				f.Err = syscall.EIO
			}
			return f
		}, err: syscall.ENOSPC, messy: true},
		{name: "sync takes 5 s", fault: only("sync", simdisk.Fault{Delay: 5 * time.Second}), err: ErrStuck, wait: Patience},
		{name: "all takes 5 s", fault: all(simdisk.Fault{Delay: 5 * time.Second}), err: ErrStuck, wait: Patience},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := simdisk.New()
				j, _ := Open("/j", Options{FS: disk, SegmentSize: 4000, Segments: 100})
				var want []scan.Record
				scans := func(n int, patience time.Duration) {
					for range n {
						seq := j.NextSeq()
						begun := time.Now()
						select {
						case <-j.Intend(intentOf(seq, "a")):
						case <-time.After(Patience):
						}
						if took := time.Since(begun); took > patience {
							t.Fatalf("scan %d waited %v, want at most %v", seq, took, patience)
						}
						j.Finish(scanOf(seq, "a"))
						want = append(want, scanOf(seq, "a"))
						time.Sleep(time.Second)
					}
				}
				scans(10, 0)
				disk.Fault(tt.fault)
				if tt.full {
					disk.Room(7000)
				}
				scans(120, tt.wait)
				if err := j.Err(); !errors.Is(err, tt.err) && (tt.err != errAny || err == nil) {
					t.Errorf("while it is bad: %v, want %v", err, tt.err)
				}
				disk.Fault(nil)
				disk.Room(-1)
				time.Sleep(again + 10*time.Second)
				if err := j.Err(); err != nil {
					t.Errorf("a minute after it was good again: %v", err)
				}
				scans(10, 0)
				closed(t, j)
				if got := j.Counts(); got != (Counts{}) {
					t.Errorf("counts %+v, want none", got)
				}
				j, past := Open("/j", Options{FS: disk})
				closed(t, j)
				if n := j.Counts().Skipped; n > 0 && !tt.messy {
					t.Errorf("%d damaged lines on the disk, want none", n)
				}
				if n := linesOn(t, disk); n != 2*len(want) && !tt.messy {
					t.Errorf("%d lines on the disk, want %d", n, 2*len(want))
				}
				if !slices.Equal(past.Scans, want) {
					t.Errorf("%d scans, %d of them lost, want %d and none", len(past.Scans), past.Recovered, len(want))
				}
			})
		})
	}
}

func linesOn(t *testing.T, disk *simdisk.Disk) (lines int) {
	names, err := disk.Names("/j")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers(names) {
		r, err := read(disk, "/j", n)
		if err != nil {
			t.Fatal(err)
		}
		lines += len(r.whole)
	}
	return lines
}

// TestRingOnBadDisk: a disk that takes names but no lines does not drive the
// past out of the ring.
func TestRingOnBadDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk, SegmentSize: 1000, Segments: 4})
		for range 20 {
			j.Finish(scanOf(j.NextSeq(), "a"))
			synctest.Wait()
		}
		disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
			if op.Kind == "write" || op.Kind == "truncate" {
				f.Err = syscall.EIO
			}
			return f
		})
		j.Finish(scanOf(j.NextSeq(), "a"))
		time.Sleep(time.Hour)
		disk.Fault(nil)
		closed(t, j)
		j, past := Open("/j", Options{FS: disk})
		if n := len(past.Scans); n < 6 || past.Scans[n-1] != scanOf(21, "a") || past.Scans[n-6] != scanOf(16, "a") {
			t.Errorf("%d scans, want the newest of before, and 21", n)
		}
		closed(t, j)
	})
}

var errAny = errors.New("any")

// TestOneFault: a disk that fails once is forgiven, one that was stuck is told of
// for a minute.
func TestOneFault(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kind  string
		fault simdisk.Fault
		err   error
	}{
		{"a short write", "write", simdisk.Fault{Short: true, Bytes: 100}, nil},
		{"a failed write", "write", simdisk.Fault{Err: syscall.EIO}, nil},
		{"a slow sync", "sync", simdisk.Fault{Delay: 3 * time.Second}, ErrStuck},
		{"a sync in time", "sync", simdisk.Fault{Delay: time.Second}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			disk := simdisk.New()
			j, _ := Open("/j", Options{FS: disk})
			once := true
			disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
				if once && op.Kind == tt.kind {
					f, once = tt.fault, false
				}
				return f
			})
			intend(t, j, intentOf(1, "a"))
			synctest.Wait()
			if err := j.Err(); err != tt.err {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
			}
			time.Sleep(again)
			if err := j.Err(); err != nil {
				t.Errorf("%s: a minute later %v", tt.name, err)
			}
			closed(t, j)
		})
	}
}

// TestMemoryIsBounded: of what a bad disk does not take the newest is kept, and
// the rest counted.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		disk.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Err: syscall.EROFS} })
		j, _ := Open("/j", Options{FS: disk})
		for range 1000 {
			j.Finish(scanOf(j.NextSeq(), "a"))
			synctest.Wait()
		}
		if got, want := j.Counts(), (Counts{Lost: 1000 - maxHeld, Held: maxHeld}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		disk.Fault(nil)
		closed(t, j)
		j, past := Open("/j", Options{FS: disk})
		if len(past.Scans) != maxHeld || past.Scans[maxHeld-1] != scanOf(1000, "a") {
			t.Errorf("%d scans, want the newest %d", len(past.Scans), maxHeld)
		}
		closed(t, j)
	})
}

// TestStuckDisk: a disk that never answers holds up nobody, and Close for a
// second only.
func TestStuckDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk})
		disk.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Delay: time.Hour} })
		begun := time.Now()
		for range 600 {
			j.Finish(scanOf(j.NextSeq(), "a"))
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("600 scans took %v, want no time", took)
		}
		time.Sleep(stuckTime)
		if err := j.Err(); err != ErrStuck {
			t.Errorf("after %v: %v, want %v", stuckTime, err, ErrStuck)
		}
		if lost := j.Counts().Lost; lost == 0 || lost > 600-maxHeld {
			t.Errorf("lost %d, want some and at most %d", lost, 600-maxHeld)
		}
		begun = time.Now()
		err := j.Close()
		if took := time.Since(begun); err != ErrStuck || took != closeTime {
			t.Errorf("closing took %v: %v, want %v and %v", took, err, closeTime, ErrStuck)
		}
		disk.Fault(nil)
		<-j.ended
	})
}

// TestOpenOnASlowDisk: a start does not wait for it, and the journal is taken
// over when the disk gets there.
func TestOpenOnASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk})
		intend(t, j, intentOf(j.NextSeq(), "a"))
		closed(t, j)
		disk.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Delay: 5 * time.Second} })
		begun := time.Now()
		j, past := Open("/j", Options{FS: disk})
		if took := time.Since(begun); took != openTime || past.Scans != nil {
			t.Errorf("the start took %v and found %d scans, want %v and none", took, len(past.Scans), openTime)
		}
		j.Finish(scanOf(500, "b"))
		time.Sleep(time.Minute)
		disk.Fault(nil)
		time.Sleep(time.Minute)
		if got := j.NextSeq(); got != 2 {
			t.Errorf("next number %d, want 2", got)
		}
		closed(t, j)
		j, past = Open("/j", Options{FS: disk})
		if want := []scan.Record{lostOf(1, "a"), scanOf(500, "b")}; !slices.Equal(past.Scans, want) {
			t.Errorf("found %v, want %v", past.Scans, want)
		}
		closed(t, j)
	})
}

// TestOpenOnABadDisk: a journal that could not be read, or not taken over, at the
// start is when the disk is good again.
func TestOpenOnABadDisk(t *testing.T) {
	for _, kind := range []string{"readdir", "syncdir", "sync"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := simdisk.New()
				f, err := disk.Open("/j/000001.jsonl", os.O_RDWR|os.O_CREATE)
				if err != nil {
					t.Fatal(err)
				}
				f.Write(recordLine(scanOf(1, "a")))
				f.Write(intentOf(2, "a").line())
				disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
					if op.Kind == kind {
						f.Err = syscall.EIO
					}
					return f
				})
				j, _ := Open("/j", Options{FS: disk})
				if err := j.Err(); !errors.Is(err, syscall.EIO) {
					t.Errorf("at the start: %v, want %v", err, syscall.EIO)
				}
				disk.Fault(nil)
				time.Sleep(again)
				synctest.Wait()
				if got := j.NextSeq(); got != 3 || j.Err() != nil {
					t.Errorf("next number %d, %v, want 3 and no error", got, j.Err())
				}
				intend(t, j, intentOf(3, "a"))
				for after := range disk.After(disk.Ops(), 1000) {
					j, past := Open("/j", Options{FS: after})
					closed(t, j)
					if n := len(past.Scans); n < 2 || past.Scans[n-2] != lostOf(2, "a") || past.Scans[n-1] != lostOf(3, "a") {
						t.Errorf("after a power cut %d scans, want at least 2 and 3", n)
					}
				}
				closed(t, j)
			})
		})
	}
}

// TestSyncs: an intent is synced at once, with what else waits; an outcome that
// nothing follows within a second.
func TestSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk})
		for range 10 {
			seq := j.NextSeq()
			intend(t, j, intentOf(seq, "a"))
			j.Finish(scanOf(seq, "a"))
			synctest.Wait()
		}
		if got := disk.Kinds(); got["sync"] != 10 || got["write"] != 20 {
			t.Errorf("got %v, want 10 syncs and 20 writes", got)
		}
		time.Sleep(soon)
		synctest.Wait()
		if got := disk.Kinds(); got["sync"] != 11 {
			t.Errorf("after a second %d syncs, want 11", got["sync"])
		}
		time.Sleep(time.Hour)
		if got := disk.Kinds(); got["sync"] != 11 {
			t.Errorf("after an hour %d syncs, want 11", got["sync"])
		}
		j.Finish(scanOf(j.NextSeq(), "a"))
		time.Sleep(soon)
		synctest.Wait()
		if got := disk.Kinds(); got["sync"] != 12 {
			t.Errorf("a second after an outcome %d syncs, want 12", got["sync"])
		}
		for range 10 {
			j.Finish(scanOf(j.NextSeq(), "a"))
			time.Sleep(soon / 2)
			synctest.Wait()
		}
		time.Sleep(soon)
		if got := disk.Kinds(); got["sync"] < 16 || got["sync"] > 18 {
			t.Errorf("with an outcome each half second, five seconds, %d syncs, want 5 more", got["sync"]-12)
		}
		before := disk.Kinds()["sync"]
		for range maxHeld {
			j.Finish(scanOf(j.NextSeq(), "a"))
			synctest.Wait()
		}
		if got := disk.Kinds(); got["sync"] != before+1 {
			t.Errorf("with more than half the memory unsynced %d syncs, want 1", got["sync"]-before)
		}
		closed(t, j)
	})
}
