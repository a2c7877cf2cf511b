// SPDX-License-Identifier: Apache-2.0

package station

import (
	"crypto/x509"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/sim"
	simdisk "github.com/tagbase/tagbase-edge/sim/disk"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// A site is a platform that verifies proofs, two genuine tags, and a station that
// can be started again and again on the same journal.
type site struct {
	testing.TB
	platform *simplatform.Simulated
	chips    []interface{ Capture() string }
	config   uplink.Config
	dir      string
	options  journal.Options
	step     atomic.Int64 // of the board's wall clock
	*Station
}

// newSite serves the platform with TLS, or without where only time counts.
func newSite(t testing.TB, options journal.Options, secure bool) *site {
	t.Helper()
	s := &site{TB: t, platform: simplatform.New("key_t:" + secret), dir: t.TempDir(), options: options}
	url, roots := s.serve(secure)
	base, err := uplink.ParseBaseURL(url)
	if err != nil {
		t.Fatal(err)
	}

	key, err := uplink.ParseKey([]byte("key_t:" + secret))
	if err != nil {
		t.Fatal(err)
	}

	tags := sim.NewTagTable(s.platform)
	for _, name := range []string{"genuine-424", "genuine-223"} {
		chip, _ := tags.Find(name)
		s.chips = append(s.chips, chip.(interface{ Capture() string }))
	}

	s.config = uplink.Config{Base: base, Key: key, Roots: roots, Clock: uplink.NewClock(s.wall)}
	s.start()
	t.Cleanup(func() { s.Journal.Close() })
	return s
}

func (s *site) serve(secure bool) (url string, roots *x509.CertPool) {
	s.Helper()
	if !secure {
		server := httptest.NewServer(s.platform)
		s.Cleanup(server.Close)
		return server.URL + "/api/v1", nil
	}

	authority, err := simplatform.NewAuthority()
	if err != nil {
		s.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		s.Fatal(err)
	}

	server, err := simplatform.Serve(s.platform, "127.0.0.1:0", cert)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { server.Close() })

	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	return server.URL, roots
}

func (s *site) wall() time.Time { return time.Now().Add(time.Duration(s.step.Load())) }

// start starts a station on what the last one left.
func (s *site) start() {
	s.Helper()
	entry, err := uplink.ParseEntryPoint(sim.EntryPoint)
	if err != nil {
		s.Fatal(err)
	}

	records, past := journal.Open(s.dir, s.options)
	s.Station = &Station{
		Name:     "site",
		Tags:     uplink.Tags{EntryPoints: []uplink.EntryPoint{entry}},
		Platform: uplink.NewPlatform(s.config),
		Sessions: session.New(10*time.Minute, session.UntilResolved),
		Journal:  records,
		Log:      zap.NewNop(),
		Timeout:  8 * time.Second,
		Wall:     s.wall,
	}
	s.Restore(past.Scans)
}

func (s *site) restart() {
	s.Helper()
	if err := s.Journal.Close(); err != nil {
		s.Fatal(err)
	}
	s.start()
}

// tap takes one tap of a chip to its end.
func (s *site) tap(chip int) scan.Record {
	now := time.Now()
	read := reader.Tap{UID: "04", Chip: reader.ChipNTAG424, URL: s.chips[chip].Capture(), Entered: now, Read: now}
	t := newTap(read, 0)
	record := s.send(s.prepare(t, read, now.Add(s.Timeout), false))
	s.finish(t, read, record)

	return record
}

// No step of the wall clock, in either direction, at any moment, changes a verdict
// or a session decision, within one run of the daemon and from one to the next.
func TestWallClockStepsChangeNoVerdictAndNoSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, journal.Options{}, true)
	s.tap(0) // the platform has answered once
	s.restart()
	s.wantOutcome(s.tap(0), "valid")

	for range 250 {
		chip := rand.IntN(len(s.chips))
		s.stepClock()
		first := s.tap(chip)
		s.wantOutcome(first, "pending")
		s.stepClock()
		if rand.IntN(5) == 0 {
			s.restart()
		}

		s.stepClock()
		second := s.tap(chip)
		s.wantOutcome(second, "valid")
		if second.CarriedSession != first.Session {
			t.Fatalf("carried %q, want %q", second.CarriedSession, first.Session)
		}

		s.stepClock()
	}

	t.Log("1000 steps of up to ten years: no verdict and no session decision changed")
}

func (s *site) stepClock() { s.step.Store(int64(rand.N(20*365*24*time.Hour) - 10*365*24*time.Hour)) }

func (s *site) wantOutcome(record scan.Record, outcome scan.Outcome) {
	s.Helper()
	if record.Outcome != outcome {
		s.Fatalf("with the clock %v off: %+v, want %s", time.Duration(s.step.Load()), record, outcome)
	}
}

// What the scans of a daemon leave behind does not grow: SCANS of them, or a few.
func TestManyScansLeaveNothingBehind(t *testing.T) {
	total, err := strconv.Atoi(os.Getenv("SCANS"))
	if err != nil {
		total = 1000
	}

	s := newSite(t, journal.Options{SegmentSize: 64 << 10}, false)
	warm := min(total/4, 20000)
	var before, after footprint
	begun := time.Now()

	for i := range total {
		if i == warm {
			before = s.footprint()
		}
		if record := s.tap(i / 2 % 2); record.Outcome != [...]scan.Outcome{"pending", "valid"}[i%2] {
			t.Fatalf("scan %d: %+v", i, record)
		}
		if i%10000 == 9999 {
			s.platform.Forget()
		}
	}

	s.platform.Forget()
	after = s.footprint()

	t.Logf("%d scans in %v", total, time.Since(begun).Round(time.Second))
	t.Logf("after %d: %+v", warm, before)
	t.Logf("after %d: %+v", total, after)

	if after.goroutines > before.goroutines+10 || after.descriptors > before.descriptors+10 {
		t.Errorf("goroutines or descriptors grow: %+v, then %+v", before, after)
	}
	if after.heapKB > 2*before.heapKB+4096 {
		t.Errorf("memory grows: %+v, then %+v", before, after)
	}
	if limit := int64(9 * 64); after.diskKB > limit {
		t.Errorf("the journal takes %d KiB, want at most %d", after.diskKB, limit)
	}
}

// A footprint is what a process holds.
type footprint struct {
	heapKB                  uint64
	goroutines, descriptors int
	diskKB                  int64
}

func (s *site) footprint() (f footprint) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heapKB, f.goroutines = m.HeapAlloc>>10, runtime.NumGoroutine()
	open, _ := os.ReadDir("/proc/self/fd")
	f.descriptors = len(open)
	filepath.Walk(s.dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			f.diskKB += info.Size() >> 10
		}
		return nil
	})

	return f
}

// When a scan is at the platform its intent is on the disk, whatever a loss of power
// leaves of that: a slow disk holds the request back.
func TestIntentIsOnTheDiskBeforeThePost(t *testing.T) {
	disk := simdisk.New()
	disk.Fault(func(op simdisk.Op) (f simdisk.Fault) {
		if op.Kind == "sync" {
			f.Delay = 50 * time.Millisecond // less than the journal's patience
		}
		return f
	})

	s := newSite(t, journal.Options{FS: disk}, true)

	posts := 0
	s.platform.OnPost(func(simplatform.Post) {
		posts++
		for left := range disk.After(disk.Ops(), 20) {
			j, past := journal.Open(s.dir, journal.Options{FS: left})
			j.Close()
			if past.Recovered != 1 {
				t.Errorf("post %d: after a loss of power now, %d scans are unknown, want this one", posts,
					past.Recovered)
			}
		}
	})

	for i := range 4 {
		s.wantOutcome(s.tap(0), [...]scan.Outcome{"pending", "valid"}[i%2])
	}
	if posts != 4 {
		t.Errorf("%d posts, want 4", posts)
	}
}

// badDisks are what can be wrong with a disk, from some moment on.
var badDisks = map[string]func(*simdisk.Disk){
	"full":      func(d *simdisk.Disk) { d.Room(0) },
	"failing":   fails(syscall.EIO),
	"read-only": fails(syscall.EROFS),
	"fsync of 5 s": func(d *simdisk.Disk) {
		d.Fault(func(op simdisk.Op) (f simdisk.Fault) {
			if op.Kind == "sync" {
				f.Delay = 5 * time.Second
			}
			return f
		})
	},
}

func fails(err error) func(*simdisk.Disk) {
	return func(d *simdisk.Disk) { d.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Err: err} }) }
}

// A disk that is full, fails, is read-only or takes five seconds delays no scan by
// more than the journal's patience; how much is shown.
func TestBadDiskDelaysNoScan(t *testing.T) {
	for name, spoil := range badDisks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := simdisk.New()
			s := newSite(t, journal.Options{FS: disk}, true)
			s.wantOutcome(s.tap(0), "pending")
			spoil(disk)

			var waits []time.Duration
			for i := range 12 {
				begun := time.Now()
				s.wantOutcome(s.tap(0), [...]scan.Outcome{"valid", "pending"}[i%2])
				waits = append(waits, time.Since(begun).Round(time.Millisecond))
			}

			slices.Sort(waits)
			t.Logf("%s: a scan takes %v at the least, %v in the middle, %v at the most", name, waits[0],
				waits[len(waits)/2], waits[len(waits)-1])

			if most := waits[len(waits)-1]; most > journal.Patience+2*time.Second {
				t.Errorf("a scan took %v, want %v and what the platform takes", most, journal.Patience)
			}
		})
	}
}
