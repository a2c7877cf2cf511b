// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	simdisk "github.com/tagbase/tagbase-edge/sim/disk"
	"golang.org/x/sys/unix"
)

// A storedJournal holds the files of a journal by name, and its lines.
type storedJournal struct {
	files map[string][]byte
	lines [][]byte
	scans []scan.Record // of each line; of an intent, what it stands for if no result follows
}

func newStoredJournal(t *testing.T) storedJournal {
	dir := t.TempDir()
	j, _ := Open(dir, Options{SegmentSize: 1500})
	for range 4 {
		seq := j.NextSeq()
		intendAndWait(t, j, intentOf(seq, "a"))
		if seq%3 != 0 {
			j.Finish(scanOf(seq, "a"))
		}
	}

	mustClose(t, j)
	s := storedJournal{files: make(map[string][]byte)}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}

		s.files[e.Name()] = b
		for p := range pieces(b) {
			s.lines = append(s.lines, b[p.at:p.end])
			s.scans = append(s.scans, p.record)
		}
	}

	if len(s.files) < 2 || len(s.lines) != 7 {
		t.Fatalf("%d files, %d lines, want a few and 7", len(s.files), len(s.lines))
	}

	return s
}

func (s storedJournal) disk(t *testing.T) *simdisk.Disk {
	d := simdisk.New()
	for name, b := range s.files {
		f, err := d.Open("/j/"+name, os.O_RDWR|os.O_CREATE)
		if err != nil {
			t.Fatal(err)
		}

		f.Write(b)
		f.Sync()
	}

	d.SyncDir("/j")
	return d
}

// checkRecovery opens a damaged copy twice. Each time it must open soon, hold every line
// that is still there completely, and accept new lines.
func (s storedJournal) checkRecovery(t *testing.T, damaged storedJournal) error {
	o := Options{SegmentSize: 1500, FS: damaged.disk(t)}
	for start := range 2 {
		begun := time.Now()
		j, past := Open("/j", o)
		if took := time.Since(begun); took > 2*time.Second {
			return fmt.Errorf("start %d took %v", start, took)
		}
		if err := j.Err(); err != nil {
			return fmt.Errorf("start %d: %v", start, err)
		}

		for i, line := range s.lines {
			files := slices.Collect(maps.Values(damaged.files))
			whole := slices.ContainsFunc(files, func(b []byte) bool { return bytes.Contains(b, line) })
			seq := s.scans[i].Seq
			there := slices.ContainsFunc(past.Scans, func(p scan.Record) bool {
				return p == s.scans[i] || s.scans[i].Reason == scan.ReasonRestart && p.Seq == seq
			})

			if whole && !there {
				return fmt.Errorf("start %d: undamaged line %d is gone: %s", start, i, line)
			}
		}

		seq := j.NextSeq()
		if seq < uint64(len(past.Scans)) && start == 1 {
			return fmt.Errorf("next number %d after %d scans", seq, len(past.Scans))
		}

		intendAndWait(t, j, intentOf(seq, "b"))
		j.Finish(scanOf(seq, "b"))
		if err := j.Close(); err != nil {
			return err
		}

		s.lines = append(s.lines[:len(s.lines):len(s.lines)], recordLine(scanOf(seq, "b")))
		s.scans = append(s.scans[:len(s.scans):len(s.scans)], scanOf(seq, "b"))
		damaged.files = map[string][]byte{"new": recordLine(scanOf(seq, "b"))}
	}

	return nil
}

func TestWholeLinesSurviveTruncationAnywhere(t *testing.T) {
	t.Parallel()
	s := newStoredJournal(t)
	for name, b := range s.files {
		for n := range b {
			damaged := storedJournal{files: maps.Clone(s.files)}
			damaged.files[name] = b[:n]
			if err := s.checkRecovery(t, damaged); err != nil {
				t.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
		}
	}
}

// The environment variable MUTATIONS sets the number of random changes; 2,000 without it.
func TestWholeLinesSurviveRandomMutations(t *testing.T) {
	t.Parallel()
	n := 2000
	if v := os.Getenv("MUTATIONS"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}

	s := newStoredJournal(t)
	names := slices.Sorted(maps.Keys(s.files))
	for seed := range n {
		random := rand.New(rand.NewPCG(uint64(seed), 2))
		damaged := storedJournal{files: maps.Clone(s.files)}
		for range 1 + random.IntN(4) {
			name := names[random.IntN(len(names))]
			damaged.files[name] = mutate(random, damaged.files[name])
		}

		if err := s.checkRecovery(t, damaged); err != nil {
			t.Fatalf("mutation %d: %v", seed, err)
		}
	}
}

func mutate(random *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return []byte{'\n'}
	}

	at := random.IntN(len(b))
	end := min(len(b), at+1+random.IntN(600))
	junk := make([]byte, 1+random.IntN(20))
	for i := range junk {
		junk[i] = byte(random.Uint32())
	}

	newline := at + max(0, bytes.IndexByte(b[at:], '\n'))
	b = slices.Clone(b)
	switch random.IntN(9) {
	case 0:
		b[at] ^= 1 << random.IntN(8)
	case 1:
		b[newline] ^= 1 << random.IntN(8)
	case 2:
		b = slices.Delete(b, at, end)
	case 3:
		b = slices.Insert(b, at, junk...)
	case 4:
		b = slices.Insert(b, min(len(b), newline+1), junk...)
	case 5:
		b = slices.Insert(b, at, slices.Clone(b[at:end])...)
	case 6:
		clear(b[at:end])
	case 7:
		b = b[:at]
	case 8:
		b = append(b, make([]byte, random.IntN(10000))...)
	}

	return b
}

// Something else may be where a segment should be: the journal opens soon, and works.
func TestOpenWithStrangeThingsInItsDirectory(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(dir string) error
	}{
		{"a directory", func(dir string) error { return os.MkdirAll(dir+"/000007.jsonl/x", 0o700) }},
		{"a FIFO", func(dir string) error { return unix.Mkfifo(dir+"/000007.jsonl", 0o600) }},
		{"a link to a device", func(dir string) error { return os.Symlink("/dev/zero", dir+"/000007.jsonl") }},
		{"a link to itself", func(dir string) error { return os.Symlink("000007.jsonl", dir+"/000007.jsonl") }},
		{"a high number", func(dir string) error { return os.WriteFile(dir+"/999999999999.jsonl", nil, 0o600) }},
		{"the highest number", func(dir string) error { return os.WriteFile(dir+"/999999999.jsonl", nil, 0o600) }},
		{"a number far above", func(dir string) error { return os.WriteFile(dir+"/999999998.jsonl", nil, 0o600) }},
		{"a link to a file", func(dir string) error {
			if err := os.WriteFile(dir+"/elsewhere", recordLine(scanOf(77, "a")), 0o600); err != nil {
				return err
			}

			return os.Symlink("elsewhere", dir+"/000007.jsonl")
		}},
		{"an empty segment", func(dir string) error { return os.WriteFile(dir+"/000007.jsonl", nil, 0o600) }},
		{"no newline in 20 MB", func(dir string) error {
			return os.WriteFile(dir+"/000007.jsonl", bytes.Repeat([]byte("x"), 20e6), 0o600)
		}},
		{"only newlines", func(dir string) error {
			return os.WriteFile(dir+"/000007.jsonl", bytes.Repeat([]byte("\n"), 1<<20), 0o600)
		}},
		{"only beginnings of lines", func(dir string) error {
			return os.WriteFile(dir+"/000007.jsonl", bytes.Repeat([]byte("00000000 {"), 1<<19), 0o600)
		}},
		{"10 GB", func(dir string) error {
			if err := os.WriteFile(dir+"/000007.jsonl", nil, 0o600); err != nil {
				return err
			}

			return os.Truncate(dir+"/000007.jsonl", 10<<30)
		}},
		{"a damaged segment", func(dir string) error {
			return os.WriteFile(dir+"/000007.jsonl", []byte("?\n"), 0o600)
		}},
		{"a number too large for a scan", func(dir string) error {
			s := scanOf(1<<64-1, "a")
			return os.WriteFile(dir+"/000007.jsonl", recordLine(s), 0o600)
		}},
		{"10,000 names", func(dir string) error {
			for i := range 10000 {
				if err := os.WriteFile(fmt.Sprintf("%s/%d.jsonl", dir, i), nil, 0o600); err != nil {
					return err
				}
			}

			return nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			j, _ := Open(dir, Options{})
			j.Finish(scanOf(j.NextSeq(), "a"))
			mustClose(t, j)
			if err := tt.make(dir); err != nil {
				t.Fatal(err)
			}

			for seq := uint64(2); seq < 4; seq++ {
				begun := time.Now()
				j, past := Open(dir, Options{})
				if took := time.Since(begun); took > 2*time.Second {
					t.Errorf("the start took %v", took)
				}
				if !slices.Contains(past.Scans, scanOf(seq-1, "a")) {
					t.Errorf("scan %d is gone", seq-1)
				}
				if got := j.NextSeq(); got != seq {
					t.Errorf("next number %d, want %d", got, seq)
				}

				intendAndWait(t, j, intentOf(seq, "a"))
				j.Finish(scanOf(seq, "a"))
				mustClose(t, j)
			}

			var found []uint64
			begun := time.Now()
			for s, err := range Read(dir) {
				if err == nil && s.Seq <= maxSeq {
					found = append(found, s.Seq)
				}
			}

			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("reading took %v", took)
			}
			if want := []uint64{1, 2, 3}; !slices.Equal(found, want) {
				t.Errorf("read scans %v, want %v", found, want)
			}
		})
	}
}

// A start cuts a torn end off, so that the next start does not find it.
func TestOpenCutsTornEndOff(t *testing.T) {
	dir := t.TempDir()
	writeSegment(t, dir, 1, recordLine(scanOf(1, "a")), recordLine(scanOf(2, "a"))[:50])
	for _, want := range []uint64{1, 0} {
		j, _ := Open(dir, Options{})
		intendAndWait(t, j, intentOf(j.NextSeq(), "a"))
		mustClose(t, j)
		if got := j.Counts().Skipped; got != want {
			t.Errorf("%d lines skipped, want %d", got, want)
		}
	}
}

// After the highest number that a segment can have, the journal still accepts lines.
func TestJournalContinuesAfterHighestSegmentNumber(t *testing.T) {
	dir := t.TempDir()
	writeSegment(t, dir, 1<<64-1, recordLine(scanOf(1, "a")))
	o := Options{SegmentSize: 600, Segments: 100}
	for range 5 {
		j, _ := Open(dir, o)
		for range 2 {
			intendAndWait(t, j, intentOf(j.NextSeq(), "a"))
		}

		mustClose(t, j)
	}

	if _, past := Open(dir, o); len(past.Scans) < 9 {
		t.Errorf("%d scans, want those since", len(past.Scans))
	}
}

// A segment that may not or cannot be read costs only the scans in it.
func TestUnreadableSegmentCostsOnlyItself(t *testing.T) {
	for _, err := range []error{syscall.EACCES, syscall.EIO} {
		s := newStoredJournal(t)
		disk := s.disk(t)
		newest := slices.Max(slices.Collect(maps.Keys(s.files)))
		disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
			if op.Kind == "open" && op.Name == "/j/"+newest {
				f.Err = err
			}

			return f
		})

		j, past := Open("/j", Options{FS: disk})
		if len(past.Scans) == 0 || j.Counts().Skipped != 1 || j.Err() != nil {
			t.Errorf("%v: %d scans, %d skipped, error %v, want some, 1 and none",
				err, len(past.Scans), j.Counts().Skipped, j.Err())
		}

		intendAndWait(t, j, intentOf(99, "b"))
		mustClose(t, j)
	}
}

// A damaged line costs no other line, and its segment is left as it is.
func TestDamagedSegmentStaysInRing(t *testing.T) {
	dir := t.TempDir()
	var damaged [][]byte
	for n := range 7 {
		first, second := scanOf(uint64(2*n+1), "a"), scanOf(uint64(2*n+2), "a")
		b := bytes.Join([][]byte{recordLine(first), []byte("damaged\n"), recordLine(second)}, nil)
		writeSegment(t, dir, uint64(n), b)
		damaged = append(damaged, b)
	}

	for range 2 {
		j, past := Open(dir, Options{})
		if len(past.Scans) != 14 || j.Counts().Skipped != 7 {
			t.Errorf("%d scans, %d skipped, want 14 and 7", len(past.Scans), j.Counts().Skipped)
		}

		mustClose(t, j)
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(damaged) {
			t.Errorf("%d files, %v, want %d", len(entries), err, len(damaged))
		}

		for n, want := range damaged {
			if got, err := os.ReadFile(fileName(dir, uint64(n))); err != nil || !bytes.Equal(got, want) {
				t.Errorf("segment %d holds %d bytes, %v, want %d", n, len(got), err, len(want))
			}
		}
	}
}

// A journal whose directory cannot be made works all the same, and reports the error.
func TestJournalWithoutDirectoryWorksInMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	for _, dir := range []string{file, file + "/journal", "/proc/journal"} {
		j, past := Open(dir, Options{})
		var path *fs.PathError
		if err := j.Err(); err == nil || past.Scans != nil {
			t.Errorf("%s: %v, %v, want an error and nothing", dir, err, past.Scans)
		} else if _, ok := err.(*fs.PathError); !ok {
			t.Errorf("%s: %T, want a %T", dir, err, path)
		}

		if seq := j.NextSeq(); seq != 1 {
			t.Errorf("%s: next number %d, want 1", dir, seq)
		}
		if err := await.Value(t, "the intent's answer", j.Intend(intentOf(1, "a"))); err == nil {
			t.Errorf("%s: an intent is on the disk", dir)
		}

		j.Finish(scanOf(1, "a"))
		if err := j.Close(); err == nil {
			t.Errorf("%s: closed without an error", dir)
		}
	}
}
