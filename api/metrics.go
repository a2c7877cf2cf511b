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
	"time"

	"golang.org/x/sys/unix"
)

// prefix begins every metric of the station. Dashboards hold on to the names: docs/page.md
// lists them.
const prefix = "tagbase_edge_"

// metrics answers with the figures of a fresh status, what the feed has counted, and the
// process.
func (a *API) metrics(w http.ResponseWriter, _ *http.Request) {
	e := new(exposition)

	exposeStatus(e, a.source.Status())
	if f := a.source.Feed; f != nil {
		f.tally.expose(e)
	}
	exposeProcess(e)

	w.Header().Set("Content-Type", expositionType)
	w.Write(e.Bytes())
}

func exposeStatus(e *exposition, s Status) {
	f := s.Figures

	is := func(name, help string, v float64) { e.one(gauge, prefix+name, help, v) }
	total := func(name, help string, v float64) { e.one(counter, prefix+name, help, v) }
	totals := func(name, help, label string, counts map[string]uint64) {
		e.family(counter, prefix+name, help)
		for _, value := range slices.Sorted(maps.Keys(counts)) {
			e.sample(prefix+name, float64(counts[value]), label, value)
		}
	}

	e.family(gauge, prefix+"build_info", "Always 1; the labels are the versions.")
	e.sample(prefix+"build_info", 1, "version", s.Version, "goversion", runtime.Version())
	is("start_time_seconds", "When the daemon started, in seconds since 1970.", float64(s.Started.UnixMilli())/1000)

	totals("requests_total", "Requests to the platform by status of the answer; none: no answer.", "code", f.Requests)
	total("resends_total", "Scans sent again after proof that no byte had been sent before.", float64(f.Resends))
	is("sessions_active", "Sessions that a scan would carry now.", float64(s.Sessions.Active))

	is("reader_up", "1 while the reader answers.", one(s.Reader.Up))
	total("reader_reopens_total", "How often the reader came back.", float64(s.Reader.Reopens))
	is("reader_last_progress_seconds", "Time since the loop that watches the reader last came round.",
		f.ReaderQuiet.Round(time.Millisecond).Seconds())

	// The one name without the prefix.
	e.one(gauge, "tagbase_reader_tag_resting_seconds", "How long something has lain on the reader; 0: nothing does.",
		float64(s.Reader.RestingMS)/1000)

	is("platform_up", "1 if the last attempt to reach the platform was good.", one(s.Platform.Up && s.Platform.Met))
	is("breaker_state", "1 while taps fail at once, without a request to the platform.", one(s.Platform.Breaker))
	is("key_valid", "0 while the platform refuses the key.", one(!s.Key.Refused))
	is("clock_synced", "1 if systemd-timesyncd has set the wall clock.", one(s.Clock.Synced))

	totals("journal_errors_total", "Failed disk operations of the journal.", "op", f.JournalErrs)
	is("journal_degraded", "1 while the disk does not accept the journal.", one(s.Storage.Error != ""))
	total("journal_skipped_records_total", "Lines of the journal that could not be read.", float64(s.Storage.Skipped))
	total("journal_lost_records_total", "Lines lost because the disk accepted none and memory for them was full.",
		float64(s.Storage.Lost))

	total("led_errors_total", "Failed writes to a lamp.", float64(f.LampErrs))
	total("watchdog_late_total", "How often a loop of the daemon was late.", float64(f.Late))
	is("service_code", "The service code that the lamps show; 0: none.", float64(s.ServiceCode))
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// exposeProcess adds the daemon's process, under the names that every Prometheus client
// library uses (prometheus.io/docs/instrumenting/writing_clientlibs, process metrics).
// A figure that the kernel does not give is left out.
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

	// proc_pid_statm(5): size resident …, in pages.
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(b)); len(fields) > 1 {
			pages, _ := strconv.ParseFloat(fields[1], 64)
			e.one(gauge, "process_resident_memory_bytes", "Resident memory size in bytes.",
				pages*float64(os.Getpagesize()))
		}
	}
}
