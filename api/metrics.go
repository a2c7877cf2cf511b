// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const prefix = "tagbase_edge_"

// outcomes are all that a scan can come to (docs/journal.md).
var outcomes = []string{"valid", "invalid", "pending", "refused", "unknown", "not_sent", "unreadable", "foreign", "dropped"}

// A tally counts scans. All its labels are there from the start, so that a rate
// can be taken of what has never happened yet.
type tally struct {
	scans    *prometheus.CounterVec
	carried  *prometheus.CounterVec
	duration prometheus.Histogram
}

func newTally() *tally {
	t := &tally{
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "scans_total", Help: "Finished scans by outcome."}, []string{"outcome"}),
		carried: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "session_carried_total",
			Help: "Scans that carried a session, by whether the answer named the same, another, or refused it."}, []string{"result"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "verification_duration_seconds", Help: "From a tag's arrival to the lamp, of scans that the platform answered.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8}}),
	}
	for _, o := range outcomes {
		t.scans.WithLabelValues(o)
	}
	for _, r := range []string{"same", "other", "refused"} {
		t.carried.WithLabelValues(r)
	}
	return t
}

func (t *tally) count(s Scan) {
	if slices.Contains(outcomes, s.Outcome) {
		t.scans.WithLabelValues(s.Outcome).Inc()
	}
	if s.HTTPStatus > 0 {
		t.duration.Observe(s.TotalMS / 1000)
	}
	switch {
	case s.CarriedSession == "" || s.HTTPStatus == 0:
	case s.Session == s.CarriedSession:
		t.carried.WithLabelValues("same").Inc()
	case s.Session != "":
		t.carried.WithLabelValues("other").Inc()
	case s.HTTPStatus == http.StatusNotFound || s.HTTPStatus == http.StatusUnprocessableEntity:
		t.carried.WithLabelValues("refused").Inc()
	}
}

func newMetrics(s Source) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), gauges{s})
	if t := s.Feed.tallied(); t != nil {
		r.MustRegister(t.scans, t.carried, t.duration)
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: writeWithin})
}

func (f *Feed) tallied() *tally {
	if f == nil {
		return nil
	}
	return f.tally
}

// gauges are what a status tells, taken when it is asked for.
type gauges struct{ source Source }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

var (
	buildInfo  = desc("build_info", "1, with the versions.", "version", "goversion")
	startTime  = desc("start_time_seconds", "When the daemon started, since 1970.")
	restarts   = desc("restarts_since_boot", "Starts of the daemon since the board's start, less the first.")
	requests   = desc("requests_total", "Requests to the platform by the answer's status; none is no answer.", "code")
	resends    = desc("resends_total", "Scans sent again, which proves that nothing of them was sent before.")
	phases     = desc("request_phase_seconds", "Phases of requests to the platform.", "phase")
	sessions   = desc("sessions_active", "Sessions that a scan would carry.")
	readerUp   = desc("reader_up", "1 while the reader answers.")
	reopens    = desc("reader_reopens_total", "How often the reader came back.")
	readerLast = desc("reader_last_progress_seconds", "Since the reader's supervision last came round.")
	platformUp = desc("platform_up", "1 if the platform was in good order when last tried.")
	breaker    = desc("breaker_state", "1 while taps are turned away without asking the platform.")
	keyValid   = desc("key_valid", "0 while the key is refused.")
	synced     = desc("clock_synced", "1 if the wall clock is synchronised.")
	steps      = desc("clock_step_seconds_total", "By how much the wall clock was stepped, in either direction.")
	journalErr = desc("journal_errors_total", "What failed at the disk.", "op")
	degraded   = desc("journal_degraded", "1 while the disk does not take the journal.")
	skipped    = desc("journal_skipped_records_total", "Lines of the journal that could not be read.")
	lost       = desc("journal_lost_records_total", "Lines of the journal that found no room in memory while the disk did not take them.")
	lampErrors = desc("led_errors_total", "Writes to a lamp that failed.")
	late       = desc("watchdog_late_total", "Times a loop of the daemon was late.")
	code       = desc("service_code", "The service code that the lamps show; 0 is none.")
)

func (g gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, startTime, restarts, requests, resends, phases, sessions, readerUp, reopens, readerLast,
		platformUp, breaker, keyValid, synced, steps, journalErr, degraded, skipped, lost, lampErrors, late, code} {
		out <- d
	}
}

func (g gauges) Collect(out chan<- prometheus.Metric) {
	s := g.source.Status()
	f := s.Figures
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(buildInfo, 1, s.Version, runtime.Version())
	gauge(startTime, float64(s.Started.UnixMilli())/1000)
	gauge(restarts, float64(s.Restarts))
	for _, c := range slices.Sorted(maps.Keys(f.Requests)) {
		counter(requests, float64(f.Requests[c]), c)
	}
	counter(resends, float64(f.Resends))
	for _, p := range slices.Sorted(maps.Keys(f.Phases)) {
		out <- prometheus.MustNewConstSummary(phases, f.Phases[p].Count, f.Phases[p].Sum.Seconds(), nil, p)
	}
	gauge(sessions, float64(s.Sessions.Active))
	gauge(readerUp, one(s.Reader.Up))
	counter(reopens, float64(s.Reader.Reopens))
	gauge(readerLast, f.ReaderQuiet.Round(time.Millisecond).Seconds())
	gauge(platformUp, one(s.Platform.Up && s.Platform.Met))
	gauge(breaker, one(s.Platform.Breaker))
	gauge(keyValid, one(!s.Key.Refused))
	gauge(synced, one(s.Clock.Synced))
	counter(steps, f.ClockSteps.Seconds())
	for _, op := range slices.Sorted(maps.Keys(f.JournalErrs)) {
		counter(journalErr, float64(f.JournalErrs[op]), op)
	}
	gauge(degraded, one(s.Storage.Error != ""))
	counter(skipped, float64(s.Storage.Skipped))
	counter(lost, float64(s.Storage.Lost))
	counter(lampErrors, float64(f.LampErrs))
	counter(late, float64(f.Late))
	gauge(code, float64(s.ServiceCode))
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
