// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/scan"
	simdisk "github.com/tagbase/tagbase-edge/sim/disk"
)

// A life is a run of a journal on a simulated disk, and what was promised by
// when: the number of operations after which each intent had been waited for.
type life struct {
	disk     *simdisk.Disk
	intents  []Intent
	promised []int
	scans    []scan.Record
}

// live runs n scans; every third is left in flight, every fifth had no intent.
func live(t *testing.T, l *life, o Options, boot string, n int) {
	o.FS = l.disk
	j, _ := Open("/j", o)
	for range n {
		seq := j.NextSeq()
		if seq%5 != 0 {
			i := intentOf(seq, boot)
			intend(t, j, i)
			l.intents = append(l.intents, i)
			l.promised = append(l.promised, l.disk.Ops())
		}
		if seq%3 != 0 {
			s := scanOf(seq, boot)
			j.Finish(s)
			l.scans = append(l.scans, s)
		}
	}
	closed(t, j)
}

// holds checks what a journal holds after a power cut: all that was promised,
// once, and nothing that was not written.
func (l *life) holds(past Past, ops int) error {
	count := make(map[uint64]int)
	for _, s := range past.Scans {
		count[s.Seq]++
		if s.Reason == scan.ReasonRestart && slices.ContainsFunc(l.intents, func(i Intent) bool { return lostOf(i.Seq, i.Boot) == s }) {
			continue
		}
		if !slices.Contains(l.scans, s) {
			return fmt.Errorf("scan %d was never written:\n%s", s.Seq, cmp.Diff(scan.Record{}, s))
		}
	}
	for seq, n := range count {
		if n > 1 {
			return fmt.Errorf("scan %d is there %d times", seq, n)
		}
	}
	for k, i := range l.intents {
		if l.promised[k] <= ops && count[i.Seq] == 0 {
			return fmt.Errorf("intent %d had been waited for, and is gone", i.Seq)
		}
	}
	return nil
}

// TestPowerCut cuts the power after every operation of three lives and looks at
// what the disk may then hold; a further life must go on well from there.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	o := Options{SegmentSize: 3000, Segments: 50}
	l := &life{disk: simdisk.New()}
	live(t, l, o, "a", 12)
	live(t, l, o, "a", 8)
	live(t, l, o, "b", 12)
	states, lives := 0, 0
	for ops := range l.disk.Ops() + 1 {
		for disk := range l.disk.After(ops, 200) {
			states++
			o.FS = disk
			j, past := Open("/j", o)
			if err := l.holds(past, ops); err != nil {
				t.Fatalf("after %d operations, state %d: %v", ops, states, err)
			}
			next := j.NextSeq()
			for _, s := range past.Scans {
				if s.Seq >= next {
					t.Fatalf("after %d operations: next number %d, but there is %d", ops, next, s.Seq)
				}
			}
			closed(t, j)
			if states%128 == 0 {
				lives++
				secondCut(t, l, disk, o, ops)
			}
		}
	}
	t.Logf("%d operations, %d states, %d second lives", l.disk.Ops(), states, lives)
}

// secondCut lives on after a power cut, and then the power goes again.
func secondCut(t *testing.T, l *life, disk *simdisk.Disk, o Options, ops int) {
	l = &life{disk: disk, intents: slices.Clone(l.intents), scans: slices.Clone(l.scans), promised: slices.Clone(l.promised)}
	for k := range l.promised {
		if l.promised[k] <= ops {
			l.promised[k] = 0
		} else {
			l.promised[k] = never
		}
	}
	live(t, l, o, "c", 4)
	for cut := range disk.Ops() + 1 {
		for disk := range disk.After(cut, 4) {
			o.FS = disk
			j, past := Open("/j", o)
			if err := l.holds(past, cut); err != nil {
				t.Fatalf("after %d operations, and %d more: %v", ops, cut, err)
			}
			closed(t, j)
		}
	}
}

const never = 1 << 30

// TestFoundStays: what a start has found, though a killed daemon had synced
// neither it nor its name, is still there when the power goes.
func TestFoundStays(t *testing.T) {
	disk := simdisk.New()
	f, err := disk.Open("/j/000001.jsonl", os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(recordLine(scanOf(1, "a")))
	f.Write(recordLine(scanOf(2, "a")))
	j, past := Open("/j", Options{FS: disk})
	ops := disk.Ops()
	closed(t, j)
	for after := range disk.After(ops, 1000) {
		j, again := Open("/j", Options{FS: after})
		if len(past.Scans) != 2 || !slices.Equal(again.Scans, past.Scans) {
			t.Errorf("found %d scans, and after a power cut %d, want 2", len(past.Scans), len(again.Scans))
		}
		closed(t, j)
	}
}

// TestBadDiskThenPowerCut: a line that went well before one that did not is as
// safe as any, wherever the disk's trouble led to.
func TestBadDiskThenPowerCut(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  []string // operations
	}{
		{"write", []string{"write"}},
		{"write and cutting back", []string{"write", "truncate"}},
		{"sync", []string{"sync"}},
		{"sync and cutting back", []string{"sync", "truncate"}},
		{"all but sync", []string{"write", "truncate", "create", "remove", "syncdir", "readdir"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := simdisk.New()
				j, _ := Open("/j", Options{FS: disk})
				j.Finish(scanOf(1, "a"))
				synctest.Wait()
				fails := func(kinds ...string) {
					disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
						if slices.Contains(kinds, op.Kind) {
							f.Err, f.Bytes = syscall.EIO, 50
						}
						return f
					})
				}
				fails(tt.bad...)
				j.Finish(scanOf(2, "a"))
				time.Sleep(soon)
				synctest.Wait()
				if tt.bad[0] == "write" {
					stay(t, disk, scanOf(1, "a"))
				}
				fails()
				time.Sleep(again)
				j.Finish(scanOf(3, "a"))
				time.Sleep(soon)
				synctest.Wait()
				stay(t, disk, scanOf(1, "a"), scanOf(2, "a"), scanOf(3, "a"))

				fails("sync") // and what is cut back is no more than that
				j.Finish(scanOf(4, "a"))
				time.Sleep(soon)
				synctest.Wait()
				fails()
				time.Sleep(again)
				synctest.Wait()
				stay(t, disk, scanOf(1, "a"), scanOf(2, "a"), scanOf(3, "a"), scanOf(4, "a"))
				closed(t, j)
			})
		})
	}
}

// stay checks that a power cut now leaves these scans.
func stay(t *testing.T, disk *simdisk.Disk, want ...scan.Record) {
	t.Helper()
	for after := range disk.After(disk.Ops(), 1000) {
		j, past := Open("/j", Options{FS: after})
		if !slices.Equal(past.Scans, want) {
			t.Fatalf("after a power cut (-want +got):\n%s", cmp.Diff(want, past.Scans))
		}
		closed(t, j)
	}
}
