// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func intentOf(seq uint64, boot string) Intent {
	return Intent{
		Seq: seq, Boot: boot, BoottimeMS: int64(seq) * 1000, Synced: true,
		Time: noon.Add(time.Duration(seq) * time.Second), Station: "gate-1",
		Tag: fmt.Sprintf("tag_%d", seq), UID: "04a1b2c3d4e5f6", Chip: "ntag424",
		Session: "ses_4", Params: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}
}

func scanOf(seq uint64, boot string) scan.Record {
	return scan.Record{
		Seq: seq, Time: noon.Add(time.Duration(seq)*time.Second + 171*time.Millisecond), Station: "gate-1",
		Outcome: "valid", Tag: fmt.Sprintf("tag_%d", seq), UID: "04a1b2c3d4e5f6", Chip: "ntag424",
		CarriedSession: "ses_4", Session: "ses_5", Verification: "vrf_6", HTTPStatus: 201,
		ReadMS: 46.1, ConnectMS: 0.5, AnswerMS: 120.4, TotalMS: 171,
		Boot: boot, BoottimeMS: int64(seq)*1000 + 171, Synced: true, AgeMS: 2000,
	}
}

// lostOf is what an intent stands for after its daemon has died.
func lostOf(seq uint64, boot string) scan.Record {
	i := intentOf(seq, boot)
	return scan.Record{
		Seq: seq, Time: i.Time, Station: i.Station, Outcome: "unknown", Reason: "restart",
		Tag: i.Tag, UID: i.UID, Chip: i.Chip, CarriedSession: i.Session,
		Boot: boot, BoottimeMS: i.BoottimeMS, Synced: true,
	}
}

// intendAndWait writes an intent and waits until it is on the disk.
func intendAndWait(t *testing.T, j *Journal, i Intent) {
	t.Helper()
	if err := await.Value(t, fmt.Sprintf("intent %d is on the disk", i.Seq), j.Intend(i)); err != nil {
		t.Fatalf("intent %d: %v", i.Seq, err)
	}
}

func mustClose(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
}

func TestOpenFindsWhatWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "journal")
	j, past := Open(dir, Options{})
	if past.Scans != nil || j.Err() != nil {
		t.Fatalf("a new journal holds %v and says %v", past.Scans, j.Err())
	}

	for range 3 {
		seq := j.NextSeq()
		intendAndWait(t, j, intentOf(seq, "a"))
		j.Finish(scanOf(seq, "a"))
	}

	intendAndWait(t, j, intentOf(j.NextSeq(), "a"))
	mustClose(t, j)

	want := Past{Scans: []scan.Record{scanOf(1, "a"), scanOf(2, "a"), scanOf(3, "a"), lostOf(4, "a")}, Recovered: 1}
	for _, boot := range []string{"the same", "again"} {
		j, past = Open(dir, Options{})
		if diff := cmp.Diff(want, past); diff != "" {
			t.Errorf("%s: past (-want +got):\n%s", boot, diff)
		}
		if got := j.NextSeq(); got != 5 {
			t.Errorf("%s: next number %d, want 5", boot, got)
		}

		mustClose(t, j)
		want.Recovered = 0 // by the first
	}

	if got := (Counts{}); j.Counts() != got {
		t.Errorf("counts %+v, want %+v", j.Counts(), got)
	}
}

// Other people's scripts read these lines: their format does not change by accident.
func TestLineFormat(t *testing.T) {
	got, err := json.Marshal(scanOf(17, "a"))
	if err != nil {
		t.Fatal(err)
	}

	scan := `{"seq":17,"time":"2026-03-01T12:00:17.171Z","station":"gate-1",` +
		`"outcome":"valid","reason":"","tag":"tag_17","uid":"04a1b2c3d4e5f6","chip":"ntag424",` +
		`"carried_session":"ses_4","session":"ses_5","verification":"vrf_6",` +
		`"http_status":201,"read_ms":46.1,"connect_ms":0.5,"answer_ms":120.4,"total_ms":171}`
	if diff := cmp.Diff(scan, string(got)); diff != "" {
		t.Errorf("scan (-want +got):\n%s", diff)
	}

	wantScan := `{"k":"scan",` + scan[1:len(scan)-1] +
		`,"boot":"a","boottime":17171,"synced":true,"age_ms":2000}` + "\n"
	if diff := cmp.Diff(wantScan, string(recordLine(scanOf(17, "a"))[crcLen:])); diff != "" {
		t.Errorf("line of a scan (-want +got):\n%s", diff)
	}

	wantIntent := `{"k":"intent","seq":17,"boot":"a","boottime":17000,"time":"2026-03-01T12:00:17Z","synced":true,` +
		`"station":"gate-1","tag":"tag_17","uid":"04a1b2c3d4e5f6","chip":"ntag424","session":"ses_4",` +
		`"params":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}` + "\n"
	if diff := cmp.Diff(wantIntent, string(intentOf(17, "a").line()[crcLen:])); diff != "" {
		t.Errorf("line of an intent (-want +got):\n%s", diff)
	}
}

func TestRingReplacesOldestSegments(t *testing.T) {
	for _, segments := range []int{1, 3} {
		t.Run(fmt.Sprint(segments), func(t *testing.T) { checkRing(t, Options{SegmentSize: 2048, Segments: segments}) })
	}
}

func checkRing(t *testing.T, o Options) {
	dir := t.TempDir()
	j, _ := Open(dir, o)
	for range 50 {
		seq := j.NextSeq()
		intendAndWait(t, j, intentOf(seq, "a"))
		j.Finish(scanOf(seq, "a"))
	}

	mustClose(t, j)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := max(2, o.Segments); len(entries) != want {
		t.Errorf("%d segments, want %d", len(entries), want)
	}

	for _, e := range entries {
		if fi, err := e.Info(); err != nil || fi.Size() > o.SegmentSize {
			t.Errorf("%s: %d bytes, %v, want at most %d", e.Name(), fi.Size(), err, o.SegmentSize)
		}
	}

	j, past := Open(dir, o)
	defer j.Close()
	for i, s := range past.Scans {
		if want := scanOf(uint64(50-len(past.Scans)+1+i), "a"); s != want {
			t.Errorf("scan %d (-want +got):\n%s", i, cmp.Diff(want, s))
		}
	}

	if len(past.Scans) < 4 || past.Recovered != 0 {
		t.Errorf("%d scans, %d recovered, want a few and none", len(past.Scans), past.Recovered)
	}
}

// If somebody has made a file where the next segment should be, the journal goes past it.
func TestTakenSegmentNumberIsSkipped(t *testing.T) {
	dir := t.TempDir()
	j, _ := Open(dir, Options{SegmentSize: 400})
	intendAndWait(t, j, intentOf(1, "a"))
	writeSegment(t, dir, 2)
	intendAndWait(t, j, intentOf(2, "a"))
	mustClose(t, j)
	if _, err := os.Stat(fileName(dir, 3)); err != nil {
		t.Error(err)
	}
}

func TestLinesAfterCloseAreLost(t *testing.T) {
	j, _ := Open(t.TempDir(), Options{})
	mustClose(t, j)
	mustClose(t, j)
	j.Finish(scanOf(1, "a"))
	if err := await.Value(t, "the intent's answer", j.Intend(intentOf(1, "a"))); err != ErrClosed {
		t.Errorf("an intent after the end: %v, want %v", err, ErrClosed)
	}
	if got := j.Counts().Lost; got != 2 {
		t.Errorf("lost %d, want 2", got)
	}
}
