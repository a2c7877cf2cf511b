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

// A life is what a journal did on a simulated disk, and what it promised when: promised
// is the number of disk operations after which each intent had been waited for.
type life struct {
	disk     *simdisk.Disk
	intents  []Intent
	promised []int
	scans    []scan.Record
}

// runScans runs n scans. Every third stays in flight, every fifth has no intent.
func runScans(t *testing.T, l *life, o Options, boot string, n int) {
	o.FS = l.disk
	j, _ := Open("/j", o)
	for range n {
		seq := j.NextSeq()
		if seq%5 != 0 {
			i := intentOf(seq, boot)
			intendAndWait(t, j, i)
			l.intents = append(l.intents, i)
			l.promised = append(l.promised, l.disk.Ops())
		}
		if seq%3 != 0 {
			s := scanOf(seq, boot)
			j.Finish(s)
			l.scans = append(l.scans, s)
		}
	}

	mustClose(t, j)
}

// check checks what a journal holds after a power cut: every promised scan, once, and no
// scan that was not written.
func (l *life) check(past Past, ops int) error {
	count := make(map[uint64]int)
	for _, s := range past.Scans {
		count[s.Seq]++
		intended := slices.ContainsFunc(l.intents, func(i Intent) bool { return lostOf(i.Seq, i.Boot) == s })
		if s.Reason == scan.ReasonRestart && intended {
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

// The power goes after every operation of three lives. Whatever the disk may hold then
// keeps the promises, and from some of these states a further life goes on.
func TestPowerCutAfterEveryOperation(t *testing.T) {
	t.Parallel()
	o := Options{SegmentSize: 3000, Segments: 50}
	l := &life{disk: simdisk.New()}
	runScans(t, l, o, "a", 12)
	runScans(t, l, o, "a", 8)
	runScans(t, l, o, "b", 12)
	states, lives := 0, 0
	for ops := range l.disk.Ops() + 1 {
		for disk := range l.disk.After(ops, 200) {
			states++
			o.FS = disk
			j, past := Open("/j", o)
			if err := l.check(past, ops); err != nil {
				t.Fatalf("after %d operations, state %d: %v", ops, states, err)
			}

			next := j.NextSeq()
			for _, s := range past.Scans {
				if s.Seq >= next {
					t.Fatalf("after %d operations: next number %d, but there is %d", ops, next, s.Seq)
				}
			}

			mustClose(t, j)
			if states%128 == 0 {
				lives++
				secondCut(t, l, disk, o, ops)
			}
		}
	}

	t.Logf("%d operations, %d states, %d second lives", l.disk.Ops(), states, lives)
}

// secondCut runs scans after a power cut, and then the power goes again after every operation.
func secondCut(t *testing.T, l *life, disk *simdisk.Disk, o Options, ops int) {
	l = &life{
		disk:     disk,
		intents:  slices.Clone(l.intents),
		scans:    slices.Clone(l.scans),
		promised: slices.Clone(l.promised),
	}

	for k := range l.promised {
		if l.promised[k] <= ops {
			l.promised[k] = 0
		} else {
			l.promised[k] = never
		}
	}

	runScans(t, l, o, "c", 4)
	for cut := range disk.Ops() + 1 {
		for disk := range disk.After(cut, 4) {
			o.FS = disk
			j, past := Open("/j", o)
			if err := l.check(past, cut); err != nil {
				t.Fatalf("after %d operations, and %d more: %v", ops, cut, err)
			}

			mustClose(t, j)
		}
	}
}

const never = 1 << 30

// What a start has found is still there after a power cut, even if the killed daemon
// before it had synced neither the lines nor the segment's name.
func TestWhatOpenFoundSurvivesPowerCut(t *testing.T) {
	disk := simdisk.New()
	f, err := disk.Open("/j/000001.jsonl", os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}

	f.Write(recordLine(scanOf(1, "a")))
	f.Write(recordLine(scanOf(2, "a")))
	j, past := Open("/j", Options{FS: disk})
	ops := disk.Ops()
	mustClose(t, j)
	for after := range disk.After(ops, 1000) {
		j, again := Open("/j", Options{FS: after})
		if len(past.Scans) != 2 || !slices.Equal(again.Scans, past.Scans) {
			t.Errorf("found %d scans, and after a power cut %d, want 2", len(past.Scans), len(again.Scans))
		}

		mustClose(t, j)
	}
}

// If a write fails, the lines before it are as safe as any others.
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
				time.Sleep(syncAfter)
				synctest.Wait()
				if tt.bad[0] == "write" {
					checkAfterPowerCut(t, disk, scanOf(1, "a"))
				}

				fails()
				time.Sleep(retryAfter)
				j.Finish(scanOf(3, "a"))
				time.Sleep(syncAfter)
				synctest.Wait()
				checkAfterPowerCut(t, disk, scanOf(1, "a"), scanOf(2, "a"), scanOf(3, "a"))

				fails("sync") // cuts off the unsynced line, and no more
				j.Finish(scanOf(4, "a"))
				time.Sleep(syncAfter)
				synctest.Wait()
				fails()
				time.Sleep(retryAfter)
				synctest.Wait()
				checkAfterPowerCut(t, disk, scanOf(1, "a"), scanOf(2, "a"), scanOf(3, "a"), scanOf(4, "a"))
				mustClose(t, j)
			})
		})
	}
}

// checkAfterPowerCut checks that a power cut now leaves these scans.
func checkAfterPowerCut(t *testing.T, disk *simdisk.Disk, want ...scan.Record) {
	t.Helper()
	for after := range disk.After(disk.Ops(), 1000) {
		j, past := Open("/j", Options{FS: after})
		if !slices.Equal(past.Scans, want) {
			t.Fatalf("after a power cut (-want +got):\n%s", cmp.Diff(want, past.Scans))
		}

		mustClose(t, j)
	}
}
