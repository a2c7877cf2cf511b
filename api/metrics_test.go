// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/tagbase/tagbase-edge/scan"
)

// Other people's dashboards use these names (docs/page.md).
var metricNames = []string{
	"build_info", "start_time_seconds", "scans_total", "verification_duration_seconds",
	"requests_total", "resends_total", "sessions_active", "session_carried_total", "reader_up", "reader_reopens_total",
	"reader_last_progress_seconds", "platform_up", "breaker_state", "key_valid", "clock_synced",
	"journal_errors_total", "journal_degraded", "journal_skipped_records_total", "journal_lost_records_total",
	"led_errors_total",
	"watchdog_late_total", "service_code",
}

func parseMetrics(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("Prometheus does not read it: %v\n%s", err, text)
	}

	return families
}

// Prometheus' own parser reads the metrics. Every name and every label is there before
// anything has happened, no label is a tag or a session, and scans are counted.
func TestMetricsAreCompleteFromTheStartAndCount(t *testing.T) {
	r := newTestStation(t)

	page := r.servePage(Page{Listen: "127.0.0.1:8077"})
	_, text := r.getFromSocket("/metrics")
	before := parseMetrics(t, text)
	var found []string
	for name := range before {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			found = append(found, short)
		}
	}
	if before["tagbase_reader_tag_resting_seconds"] == nil {
		t.Error("there is no metric of the tag that rests on the reader")
	}
	slices.Sort(found)
	want := slices.Sorted(slices.Values(metricNames))
	if !slices.Equal(found, want) {
		t.Errorf("names %q,\nwant %q", found, want)
	}
	if n := len(before[prefix+"scans_total"].Metric); n != 9 {
		t.Errorf("%d outcomes, want 9", n)
	}

	for _, s := range []scan.Record{
		{Outcome: "pending", HTTPStatus: 201, TotalMS: 90, Session: "ses_1", Tag: "tag_secret"},
		{Outcome: "valid", HTTPStatus: 201, TotalMS: 300, Session: "ses_1", CarriedSession: "ses_1"},
		{Outcome: "pending", HTTPStatus: 201, TotalMS: 300, Session: "ses_2", CarriedSession: "ses_1"},
		{Outcome: "refused", HTTPStatus: 404, TotalMS: 300, CarriedSession: "ses_1"},
		{Outcome: "not_sent", CarriedSession: "ses_1", TotalMS: 3000},
		{Outcome: `made"up` + "\n"},
	} {
		r.feed.Scan(s)
	}

	resp, text := r.request(page, "GET", "/metrics", "")
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("it is %s", resp.Header.Get("Content-Type"))
	}
	if strings.Contains(text, "tag_secret") || strings.Contains(text, "ses_") || strings.Contains(text, "made") {
		t.Error("a tag, a session or a made-up outcome is a label")
	}

	after := parseMetrics(t, text)
	for _, tt := range []struct {
		name, label string
		want        float64
	}{
		{"scans_total", "pending", 2},
		{"scans_total", "valid", 1},
		{"scans_total", "refused", 1},
		{"scans_total", "not_sent", 1},
		{"scans_total", "invalid", 0},
		{"session_carried_total", "same", 1},
		{"session_carried_total", "other", 1},
		{"session_carried_total", "refused", 1},
		{"requests_total", "2xx", 3}, {"journal_errors_total", "sync", 4}, {"reader_up", "", 1}, {"key_valid", "", 1},
		{"start_time_seconds", "", 1700000000},
	} {
		if got := metricValue(after[prefix+tt.name], tt.label); got != tt.want {
			t.Errorf("%s{%s} is %v, want %v", tt.name, tt.label, got, tt.want)
		}
	}

	h := after[prefix+"verification_duration_seconds"].Metric[0].Histogram
	if h.GetSampleCount() != 4 || h.GetSampleSum() < 0.98 || h.GetSampleSum() > 1 {
		t.Errorf("verifications took %v", h)
	}
}

func metricValue(f *dto.MetricFamily, label string) float64 {
	for _, m := range f.GetMetric() {
		if label == "" || len(m.Label) == 1 && m.Label[0].GetValue() == label {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}

	return -1
}

// livez fails while a loop is stuck, readyz while a tap would not bring a verdict.
func TestLivezAndReadyz(t *testing.T) {
	r := newTestStation(t)

	for _, tt := range []struct {
		name         string
		set          func()
		alive, ready int
	}{
		{"all is well", func() {}, 200, 200},
		{"a loop is stuck", func() { r.late = []string{"events"} }, 503, 200},
		{"the reader is down", func() { r.late, r.status.Reader.Up = nil, false }, 200, 503},
		{"the key is refused", func() { r.status.Reader.Up, r.status.Key.Refused = true, true }, 200, 503},
		{"something lies on the reader", func() {
			r.status.Key.Refused, r.status.Reader.RestingMS = false, 60_000
		}, 200, 503},
		{"the platform has not answered yet", func() {
			r.status.Reader.RestingMS = 0
			r.status.Key.Refused, r.status.Platform.Met = false, false
		}, 200, 503},
		{"the platform cannot be reached", func() { r.status.Platform = PlatformStatus{Met: true} }, 200, 503},
		{"it is back", func() { r.status.Platform.Up = true }, 200, 200},
	} {
		r.mu.Lock()
		tt.set()
		r.mu.Unlock()
		if got, words := r.getFromSocket("/livez"); got != tt.alive {
			t.Errorf("%s: livez %d %s, want %d", tt.name, got, words, tt.alive)
		}
		if got, words := r.getFromSocket("/readyz"); got != tt.ready {
			t.Errorf("%s: readyz %d %s, want %d", tt.name, got, words, tt.ready)
		}
	}
}
