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

// A disk goes bad and later good again, while there is one scan a second. No scan waits
// longer than it should, and no line is lost that had room in memory. Time is virtual
// here: Sleep lets it pass as soon as every goroutine waits.
func TestBadDiskHoldsUpNoScan(t *testing.T) {
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
		err   error // what the journal reports in the end
		wait  time.Duration
		messy bool // lines may be on the disk twice, or torn
	}{
		{name: "full", full: true, err: syscall.ENOSPC},
		{name: "input/output error", fault: all(simdisk.Fault{Err: syscall.EIO}), err: syscall.EIO, messy: true},
		{name: "error in the middle of a line", fault: only("write", simdisk.Fault{Err: syscall.EIO, Bytes: 100}),
			err: syscall.EIO},
		{name: "short writes", fault: only("write", simdisk.Fault{Short: true, Bytes: 100}), err: errAny},
		{name: "read-only", fault: all(simdisk.Fault{Err: syscall.EROFS}), err: syscall.EROFS, messy: true},
		{name: "sync fails", fault: only("sync", simdisk.Fault{Err: syscall.EIO}), err: syscall.EIO},
		{name: "only new segments can be made", fault: func(op simdisk.Op) (f simdisk.Fault) {
			if op.Kind != "create" && op.Kind != "syncdir" && op.Kind != "readdir" {
				f.Err = syscall.EIO
			}

			return f
		}, err: syscall.EIO, messy: true},
		{name: "a failed write cannot be cut off", fault: func(op simdisk.Op) (f simdisk.Fault) {
			switch op.Kind {
			case "write":
				f.Err, f.Bytes = syscall.ENOSPC, 50
			case "truncate":
				f.Err = syscall.EIO
			}

			return f
		}, err: syscall.ENOSPC, messy: true},
		{name: "sync takes 5 s", fault: only("sync", simdisk.Fault{Delay: 5 * time.Second}),
			err: ErrStuck, wait: Patience},
		{name: "everything takes 5 s", fault: all(simdisk.Fault{Delay: 5 * time.Second}),
			err: ErrStuck, wait: Patience},
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
				time.Sleep(retryAfter + 10*time.Second)
				if err := j.Err(); err != nil {
					t.Errorf("a minute after it was good again: %v", err)
				}

				scans(10, 0)
				mustClose(t, j)
				if got := j.Counts(); got != (Counts{}) {
					t.Errorf("counts %+v, want none", got)
				}

				j, past := Open("/j", Options{FS: disk})
				mustClose(t, j)
				if n := j.Counts().Skipped; n > 0 && !tt.messy {
					t.Errorf("%d damaged lines on the disk, want none", n)
				}
				if n := countLines(t, disk); n != 2*len(want) && !tt.messy {
					t.Errorf("%d lines on the disk, want %d", n, 2*len(want))
				}
				if !slices.Equal(past.Scans, want) {
					t.Errorf("%d scans, %d of them lost, want %d and none", len(past.Scans), past.Recovered, len(want))
				}
			})
		})
	}
}

func countLines(t *testing.T, disk *simdisk.Disk) (lines int) {
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

// A disk that accepts new segments but no lines does not push the past out of the ring.
func TestBadDiskDoesNotEmptyTheRing(t *testing.T) {
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
		mustClose(t, j)
		j, past := Open("/j", Options{FS: disk})
		if n := len(past.Scans); n < 6 || past.Scans[n-1] != scanOf(21, "a") || past.Scans[n-6] != scanOf(16, "a") {
			t.Errorf("%d scans, want the newest of before, and 21", n)
		}

		mustClose(t, j)
	})
}

var errAny = errors.New("any")

// A disk that fails once is not reported; a disk that was stuck is reported for a minute.
func TestSingleFaultIsForgiven(t *testing.T) {
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

			intendAndWait(t, j, intentOf(1, "a"))
			synctest.Wait()
			if err := j.Err(); err != tt.err {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
			}

			time.Sleep(retryAfter)
			if err := j.Err(); err != nil {
				t.Errorf("%s: a minute later %v", tt.name, err)
			}

			mustClose(t, j)
		})
	}
}

// Of the lines that a bad disk does not accept, the newest are kept and the others counted.
func TestMemoryForBadDiskIsBounded(t *testing.T) {
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
		mustClose(t, j)
		j, past := Open("/j", Options{FS: disk})
		if len(past.Scans) != maxHeld || past.Scans[maxHeld-1] != scanOf(1000, "a") {
			t.Errorf("%d scans, want the newest %d", len(past.Scans), maxHeld)
		}

		mustClose(t, j)
	})
}

// A disk that never answers holds up no scan, and Close for a second only.
func TestStuckDiskHoldsUpNobody(t *testing.T) {
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

		time.Sleep(stuckAfter)
		if err := j.Err(); err != ErrStuck {
			t.Errorf("after %v: %v, want %v", stuckAfter, err, ErrStuck)
		}
		if lost := j.Counts().Lost; lost == 0 || lost > 600-maxHeld {
			t.Errorf("lost %d, want some and at most %d", lost, 600-maxHeld)
		}

		begun = time.Now()
		err := j.Close()
		if took := time.Since(begun); err != ErrStuck || took != closeTimeout {
			t.Errorf("closing took %v: %v, want %v and %v", took, err, closeTimeout, ErrStuck)
		}

		disk.Fault(nil)
		<-j.ended
	})
}

// A start gives up on a slow disk, and the journal is taken over when the disk is done.
func TestOpenDoesNotWaitForSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk})
		intendAndWait(t, j, intentOf(j.NextSeq(), "a"))
		mustClose(t, j)
		disk.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Delay: 5 * time.Second} })
		begun := time.Now()
		j, past := Open("/j", Options{FS: disk})
		if took := time.Since(begun); took != openTimeout || past.Scans != nil {
			t.Errorf("the start took %v and found %d scans, want %v and none", took, len(past.Scans), openTimeout)
		}

		j.Finish(scanOf(500, "b"))
		time.Sleep(time.Minute)
		disk.Fault(nil)
		time.Sleep(time.Minute)
		if got := j.NextSeq(); got != 2 {
			t.Errorf("next number %d, want 2", got)
		}

		mustClose(t, j)
		j, past = Open("/j", Options{FS: disk})
		if want := []scan.Record{lostOf(1, "a"), scanOf(500, "b")}; !slices.Equal(past.Scans, want) {
			t.Errorf("found %v, want %v", past.Scans, want)
		}

		mustClose(t, j)
	})
}

// If the journal could not be read or taken over at the start, that happens when the disk
// is good again.
func TestJournalIsTakenOverOnceBadDiskIsGood(t *testing.T) {
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
				time.Sleep(retryAfter)
				synctest.Wait()
				if got := j.NextSeq(); got != 3 || j.Err() != nil {
					t.Errorf("next number %d, %v, want 3 and no error", got, j.Err())
				}

				intendAndWait(t, j, intentOf(3, "a"))
				for after := range disk.After(disk.Ops(), 1000) {
					j, past := Open("/j", Options{FS: after})
					mustClose(t, j)
					want := []scan.Record{lostOf(2, "a"), lostOf(3, "a")}
					if n := len(past.Scans); n < 2 || !slices.Equal(past.Scans[n-2:], want) {
						t.Errorf("after a power cut %d scans, want at least 2 and 3", n)
					}
				}

				mustClose(t, j)
			})
		})
	}
}

// An intent is synced at once, with everything else that waits; a scan that nothing
// follows is synced within a second.
func TestIntentsAreSyncedAtOnceAndScansWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		j, _ := Open("/j", Options{FS: disk})
		for range 10 {
			seq := j.NextSeq()
			intendAndWait(t, j, intentOf(seq, "a"))
			j.Finish(scanOf(seq, "a"))
			synctest.Wait()
		}

		if got := disk.Kinds(); got["sync"] != 10 || got["write"] != 20 {
			t.Errorf("got %v, want 10 syncs and 20 writes", got)
		}

		time.Sleep(syncAfter)
		synctest.Wait()
		if got := disk.Kinds(); got["sync"] != 11 {
			t.Errorf("after a second %d syncs, want 11", got["sync"])
		}

		time.Sleep(time.Hour)
		if got := disk.Kinds(); got["sync"] != 11 {
			t.Errorf("after an hour %d syncs, want 11", got["sync"])
		}

		j.Finish(scanOf(j.NextSeq(), "a"))
		time.Sleep(syncAfter)
		synctest.Wait()
		if got := disk.Kinds(); got["sync"] != 12 {
			t.Errorf("a second after a scan %d syncs, want 12", got["sync"])
		}

		for range 10 {
			j.Finish(scanOf(j.NextSeq(), "a"))
			time.Sleep(syncAfter / 2)
			synctest.Wait()
		}

		time.Sleep(syncAfter)
		if got := disk.Kinds(); got["sync"] < 16 || got["sync"] > 18 {
			t.Errorf("with a scan every half second for five seconds %d syncs, want 5 more", got["sync"]-12)
		}

		before := disk.Kinds()["sync"]
		for range maxHeld {
			j.Finish(scanOf(j.NextSeq(), "a"))
			synctest.Wait()
		}

		if got := disk.Kinds(); got["sync"] != before+1 {
			t.Errorf("with more than half the memory unsynced %d syncs, want 1", got["sync"]-before)
		}

		mustClose(t, j)
	})
}
