// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"golang.org/x/sys/unix"
)

const prefix = "tagbase_edge_"

// A tally counts scans. All its labels are there from the start, so that a rate
// can be taken of what has never happened yet. It may be used from any goroutine.
type tally struct {
	mu       sync.Mutex
	scans    map[scan.Outcome]uint64
	carried  map[string]uint64
	duration []uint64 // of scans in each bucket
	seconds  float64  // of all of them
}

// results are what can come of a session that a scan carried.
var results = []string{"same", "other", "refused"}

// durations are the upper bounds of the buckets, in seconds.
var durations = []float64{.05, .1, .25, .5, 1, 2, 4, 8}

func newTally() *tally {
	return &tally{scans: make(map[scan.Outcome]uint64), carried: make(map[string]uint64), duration: make([]uint64, len(durations)+1)}
}

func (t *tally) count(s scan.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scans[s.Outcome]++
	if s.HTTPStatus > 0 {
		bucket, _ := slices.BinarySearch(durations, s.TotalMS/1000)
		t.duration[bucket]++
		t.seconds += s.TotalMS / 1000
	}
	switch {
	case s.CarriedSession == "" || s.HTTPStatus == 0:
	case s.Session == s.CarriedSession:
		t.carried["same"]++
	case s.Session != "":
		t.carried["other"]++
	case scan.RefusesSession(s.HTTPStatus):
		t.carried["refused"]++
	}
}

func (t *tally) expose(e *exposition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := prefix + "scans_total"
	e.family(counter, name, "Finished scans by outcome.")
	for _, o := range scan.Outcomes() {
		e.sample(name, float64(t.scans[o]), "outcome", string(o))
	}
	name = prefix + "session_carried_total"
	e.family(counter, name, "Scans that carried a session, by whether the answer named the same, another, or refused it.")
	for _, r := range results {
		e.sample(name, float64(t.carried[r]), "result", r)
	}
	name = prefix + "verification_duration_seconds"
	e.family(histogram, name, "From a tag's arrival to the lamp, of scans that the platform answered.")
	e.buckets(name, durations, t.duration, t.seconds)
}

// metrics are what a status tells, taken when it is asked for, what the feed has
// counted, and the process.
func (a *API) metrics(w http.ResponseWriter, _ *http.Request) {
	e := new(exposition)
	expose(e, a.source.Status())
	if f := a.source.Feed; f != nil {
		f.tally.expose(e)
	}
	exposeProcess(e)
	w.Header().Set("Content-Type", expositionType)
	w.Write(e.Bytes())
}

func expose(e *exposition, s Status) {
	f := s.Figures
	is := func(name, help string, v float64) { e.one(gauge, prefix+name, help, v) }
	total := func(name, help string, v float64) { e.one(counter, prefix+name, help, v) }
	labelled := func(name, help, label string, counts map[string]uint64) {
		e.family(counter, prefix+name, help)
		for _, value := range slices.Sorted(maps.Keys(counts)) {
			e.sample(prefix+name, float64(counts[value]), label, value)
		}
	}
	e.family(gauge, prefix+"build_info", "1, with the versions.")
	e.sample(prefix+"build_info", 1, "version", s.Version, "goversion", runtime.Version())
	is("start_time_seconds", "When the daemon started, since 1970.", float64(s.Started.UnixMilli())/1000)
	labelled("requests_total", "Requests to the platform by the answer's status; none is no answer.", "code", f.Requests)
	total("resends_total", "Scans sent again, which proves that nothing of them was sent before.", float64(f.Resends))
	is("sessions_active", "Sessions that a scan would carry.", float64(s.Sessions.Active))
	is("reader_up", "1 while the reader answers.", one(s.Reader.Up))
	total("reader_reopens_total", "How often the reader came back.", float64(s.Reader.Reopens))
	is("reader_last_progress_seconds", "Since the reader's supervision last came round.", f.ReaderQuiet.Round(time.Millisecond).Seconds())
	is("platform_up", "1 if the platform was in good order when last tried.", one(s.Platform.Up && s.Platform.Met))
	is("breaker_state", "1 while taps are turned away without asking the platform.", one(s.Platform.Breaker))
	is("key_valid", "0 while the key is refused.", one(!s.Key.Refused))
	is("clock_synced", "1 if the wall clock is synchronised.", one(s.Clock.Synced))
	labelled("journal_errors_total", "What failed at the disk.", "op", f.JournalErrs)
	is("journal_degraded", "1 while the disk does not take the journal.", one(s.Storage.Error != ""))
	total("journal_skipped_records_total", "Lines of the journal that could not be read.", float64(s.Storage.Skipped))
	total("journal_lost_records_total", "Lines of the journal that found no room in memory while the disk did not take them.", float64(s.Storage.Lost))
	total("led_errors_total", "Writes to a lamp that failed.", float64(f.LampErrs))
	total("watchdog_late_total", "Times a loop of the daemon was late.", float64(f.Late))
	is("service_code", "The service code that the lamps show; 0 is none.", float64(s.ServiceCode))
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// exposeProcess tells of the daemon's process under the names that every Prometheus client gives them.
func exposeProcess(e *exposition) {
	e.one(gauge, "go_goroutines", "Number of goroutines that currently exist.", float64(runtime.NumGoroutine()))
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		e.one(counter, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", cpu.Seconds())
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		e.one(gauge, "process_max_fds", "Maximum number of open file descriptors.", float64(limit.Cur))
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		e.one(gauge, "process_open_fds", "Number of open file descriptors.", float64(len(open)))
	}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil { // proc_pid_statm(5): size resident ...
		if fields := strings.Fields(string(b)); len(fields) > 1 {
			pages, _ := strconv.ParseFloat(fields[1], 64)
			e.one(gauge, "process_resident_memory_bytes", "Resident memory size in bytes.", pages*float64(os.Getpagesize()))
		}
	}
}
