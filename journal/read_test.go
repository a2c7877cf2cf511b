// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
)

// writeSegment writes a segment of these lines.
func writeSegment(t *testing.T, dir string, number uint64, lines ...[]byte) {
	t.Helper()
	if err := os.WriteFile(fileName(dir, number), bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadYieldsFinishedScans(t *testing.T) {
	bad := []byte("damaged\n")
	line := func(seq uint64, boot string) []byte { return recordLine(scanOf(seq, boot)) }
	intent := func(seq uint64, boot string) []byte { return intentOf(seq, boot).line() }
	for _, tt := range []struct {
		name     string
		segments [][][]byte
		want     []scan.Record
		bad      []LineError
	}{
		{name: "nothing"},
		{
			name:     "over two segments",
			segments: [][][]byte{{intent(1, "a"), line(1, "a"), intent(2, "a")}, {line(2, "a")}},
			want:     []scan.Record{scanOf(1, "a"), scanOf(2, "a")},
		},
		{
			name:     "the open intent of the daemon that runs",
			segments: [][][]byte{{line(1, "a"), intent(2, "a"), line(3, "a")}},
			want:     []scan.Record{scanOf(1, "a"), scanOf(3, "a")},
		},
		{
			name:     "the open intent of a daemon before a reboot",
			segments: [][][]byte{{intent(1, "a"), intent(2, "b")}},
			want:     []scan.Record{lostOf(1, "a")},
		},
		{
			name:     "the open intent of a daemon before a restart",
			segments: [][][]byte{{intent(1, "a"), recordLine(lostOf(1, "a")), intent(2, "a")}},
			want:     []scan.Record{lostOf(1, "a")},
		},
		{
			name:     "the open intents of two daemons, finished by a third",
			segments: [][][]byte{{intent(1, "a"), intent(2, "b"), recordLine(lostOf(2, "b")), line(3, "c")}},
			want:     []scan.Record{lostOf(1, "a"), lostOf(2, "b"), scanOf(3, "c")},
		},
		{
			name:     "lines twice, because a sync failed",
			segments: [][][]byte{{intent(1, "a"), line(1, "a")}, {intent(1, "a"), line(1, "a"), intent(2, "a")}},
			want:     []scan.Record{scanOf(1, "a")},
		},
		{
			name:     "the same number twice, because the disk could not be read",
			segments: [][][]byte{{line(1, "a"), line(1, "b")}},
			want:     []scan.Record{scanOf(1, "a"), scanOf(1, "b")},
		},
		{
			name: "damaged and torn",
			segments: [][][]byte{
				{bad, line(1, "a"), bad, line(2, "a"), line(3, "a")[:50]},
				{line(4, "a"), line(5, "a")[:50]},
			},
			want: []scan.Record{scanOf(1, "a"), scanOf(2, "a"), scanOf(4, "a")},
			bad:  []LineError{{0, 0}, {0, int64(8 + len(line(1, "a")))}, {0, int64(16 + 2*len(line(1, "a")))}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for i, lines := range tt.segments {
				writeSegment(t, dir, uint64(i), lines...)
			}

			var got []scan.Record
			var bad []LineError
			for s, err := range Read(dir) {
				var line *LineError
				switch {
				case errors.As(err, &line):
					bad = append(bad, *line)
				case err != nil:
					t.Error(err)
				default:
					got = append(got, s)
				}
			}

			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("scans (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.bad, bad); diff != "" {
				t.Errorf("damaged (-want +got):\n%s", diff)
			}

			_, past := Open(dir, Options{})
			if n := len(past.Scans) - past.Recovered; !slices.Equal(past.Scans[:n], tt.want) {
				t.Errorf("Open finds otherwise:\n%s", cmp.Diff(tt.want, past.Scans[:n]))
			}
		})
	}
}

func TestReadOfMissingDirectory(t *testing.T) {
	n := 0
	for _, err := range Read(t.TempDir() + "/none") {
		n++
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want %v", err, fs.ErrNotExist)
		}
	}

	if n != 1 {
		t.Errorf("%d times, want once", n)
	}
}

// A reader beside a writer sees whole scans in order, even while the ring replaces segments.
func TestReadBesideWriterHasNoGaps(t *testing.T) {
	dir := t.TempDir()
	j, _ := Open(dir, Options{SegmentSize: 8 << 10, Segments: 3})

	// The writer ends by itself; readers go on until it has.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 1500 {
			seq := j.NextSeq()
			<-j.Intend(intentOf(seq, "a"))
			j.Finish(scanOf(seq, "a"))
		}
	}()

	for reads, running := 0, true; running; reads++ {
		select {
		case <-ended:
			running = false
		default:
		}

		var last uint64
		for s, err := range Read(dir) {
			if err != nil {
				t.Fatalf("read %d: %v", reads, err)
			}
			if s != scanOf(s.Seq, "a") || s.Seq <= last {
				t.Fatalf("read %d: after %d came %+v", reads, last, s)
			}

			last = s.Seq
		}
	}

	mustClose(t, j)
}

// A follower sees every scan once, across segments and restarts.
func TestFollowSeesEveryScanOnce(t *testing.T) {
	dir := t.TempDir()
	o := Options{SegmentSize: 2048, Segments: 1000}
	const scans = 60

	// The writer ends by itself after so many scans; the test waits for it.
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		j, _ := Open(dir, o)
		close(started)
		for range scans {
			seq := j.NextSeq()
			<-j.Intend(intentOf(seq, "a"))
			if seq%20 == 7 { // dies
				j.Close()
				j, _ = Open(dir, o)
				continue
			}

			j.Finish(scanOf(seq, "a"))
		}

		j.Close()
	}()

	await.Value(t, "the journal is open", started)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	want := uint64(1)
	for s, err := range Follow(ctx, dir) {
		if err != nil {
			t.Fatal(err)
		}
		if s != scanOf(want, "a") && s != lostOf(want, "a") {
			t.Fatalf("got %+v, want scan %d", s, want)
		}
		if want++; want > scans {
			cancel()
		}
	}

	if want != scans+1 {
		t.Errorf("the follower saw %d scans, want %d", want-1, scans)
	}

	await.Value(t, "the end of the writer", ended)
}

// If a line comes in two halves, or its first half is cut off again, the follower yields
// only whole lines.
func TestFollowWaitsForWholeLines(t *testing.T) {
	dir := t.TempDir()
	writeSegment(t, dir, 1, recordLine(scanOf(1, "a")), []byte("damaged\n"), recordLine(scanOf(2, "a"))[:100])

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	var got []scan.Record
	for s, err := range Follow(ctx, dir) {
		if err != nil {
			t.Fatal(err)
		}

		got = append(got, s)
		switch len(got) {
		case 1:
			writeSegment(t, dir, 1,
				recordLine(scanOf(1, "a")), recordLine(scanOf(3, "a")), recordLine(scanOf(4, "a"))[:200])
		case 2:
			writeSegment(t, dir, 1, recordLine(scanOf(1, "a")), recordLine(scanOf(3, "a")), recordLine(scanOf(4, "a")))
		case 3:
			os.Remove(fileName(dir, 1))
			writeSegment(t, dir, 3, recordLine(scanOf(5, "a")))
		}

		if len(got) == 4 {
			break
		}
	}

	if want := []scan.Record{scanOf(1, "a"), scanOf(3, "a"), scanOf(4, "a"), scanOf(5, "a")}; !slices.Equal(got, want) {
		t.Errorf("scans (-want +got):\n%s", cmp.Diff(want, got))
	}
}
