// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

func TestQuantile(t *testing.T) {
	var s sample
	for n := range 500 {
		s = append(s, time.Duration(500-n))
	}
	for q, want := range map[float64]time.Duration{.5: 250, .95: 475, .99: 495, 1: 500} {
		if got := s.quantile(q); got != want {
			t.Errorf("quantile %v of 1 to 500 is %d, want %d", q, got, want)
		}
	}
	if got := (sample{7}).quantile(.5); got != 7 {
		t.Errorf("the median of 7 is %d", got)
	}
}

// The network knows when a request began and when its answer was handed over, whatever TLS sends beside them.
func TestCalls(t *testing.T) {
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server, err := simplatform.Serve(simplatform.New("key_a:b"), "127.0.0.1:0", cert)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	const trip = 40 * time.Millisecond
	relay, err := sim.NewRelay(at.Host, trip)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	var c calls
	relay.Watch(c.passed)
	conn, err := tls.Dial("tcp", relay.Addr, &tls.Config{InsecureSkipVerify: true}) // the bench's own server, whose name is not the relay's
	if err != nil {
		t.Fatal(err)
	}
	if got := c.between(time.Time{}, time.Now()); len(got) != 0 {
		t.Errorf("%d requests before there is one", len(got))
	}
	asked := time.Now()
	if _, err := io.WriteString(conn, "GET /api/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	answered := time.Now()
	conn.Close()
	got := c.between(asked.Add(-time.Second), answered)
	if len(got) != 1 {
		t.Fatalf("%d requests, want 1", len(got))
	}
	if got[0].asked.Before(asked) || got[0].answered.Sub(got[0].asked) < trip || got[0].answered.After(answered) {
		t.Errorf("asked %v after the request was written, answered %v after that, read %v after that; the round trip is %v",
			got[0].asked.Sub(asked), got[0].answered.Sub(got[0].asked), answered.Sub(got[0].answered), trip)
	}
}

// No tag comes back within three taps, and with two-taps every other tap is a tag's second one.
func TestTurn(t *testing.T) {
	for _, liveness := range []string{"two-taps", "one-tap"} {
		last, taps := make(map[int]int), make(map[int]int)
		for n := range 200 {
			if liveness == "two-taps" && n == 1 {
				continue
			}
			tag := turn(liveness, n)
			if before, again := last[tag]; again && n-before < 3 {
				t.Errorf("%s: tap %d is of the tag of tap %d", liveness, n, before)
			}
			last[tag] = n
			if second := taps[tag]%2 == 1; liveness == "two-taps" && second != (n%2 == 1) {
				t.Errorf("tap %d is its tag's %dth", n, taps[tag]+1)
			}
			taps[tag]++
		}
	}
}

// A bench that was late itself, or had to share the machine, gives no figures.
func TestBusyMachine(t *testing.T) {
	const late = lateLimit + 1
	for name, f := range map[string]fault{
		"others":  {Foreign: foreignLimit + .01},
		"chip":    {ChipLate: late},
		"network": {NetLate: late},
		"bell":    {BellLate: bellLimit + 1},
		"naps":    {NapLate: late},
	} {
		var busy *busyError
		if err := f.check(); !errors.As(err, &busy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (fault{foreignLimit, lateLimit, lateLimit, bellLimit, lateLimit}).check(); err != nil {
		t.Error(err)
	}
}

// What works beside the bench is seen, and what the bench does itself is not.
func TestGuardSeesOthers(t *testing.T) {
	g, err := newGuard()
	if err != nil {
		t.Fatal(err)
	}
	ours := ourTime()
	for until := time.Now().Add(300 * time.Millisecond); time.Now().Before(until); {
	}
	if worked := ourTime() - ours; worked < 50*time.Millisecond {
		t.Errorf("300 ms of work were %v", worked)
	}
	if _, err := g.end(nil, nil, nil); err != nil {
		t.Error(err)
	}
}

func TestReport(t *testing.T) {
	m := &measurement{taps: 2}
	limit := time.Duration(goalFloors*40e6) + goalHalfPoll
	for _, p := range plans() {
		url := sample{60e6, 70e6}
		if p.Chip == "ntag223" {
			url = sample{limit + 1e6, limit + 2e6}
		}
		m.results = append(m.results, &result{Plan: p, Taps: 2, URL: url, Verdict: sample{90e6, 95e6}, Floor: simreader.MinRead{Time: 40e6}})
	}
	dir := t.TempDir()
	note := filepath.Join(dir, reportFile)
	if err := m.write(dir); err == nil {
		t.Error("written without a note")
	}
	for _, text := range []string{"a\n" + reportBegin + "\nold\n" + reportEnd + "\nz\n", "no place"} {
		if err := os.WriteFile(note, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := m.write(dir)
		if text == "no place" {
			if err == nil {
				t.Error("written into a note that has no place for it")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(note)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(got); !strings.HasPrefix(s, "a\n") || !strings.HasSuffix(s, "\nz\n") || strings.Contains(s, "old") ||
			!strings.Contains(s, "| plain loop |") || !strings.Contains(s, "60 / 70 / 70") ||
			!strings.Contains(s, fmt.Sprintf("%.1f ms | 60.0 ms | yes |", milli(limit))) ||
			!strings.Contains(s, fmt.Sprintf("%.1f ms | %.1f ms | **no** |", milli(limit), milli(limit)+1)) {
			t.Errorf("the note is now\n%s", s)
		}
	}
	plot, err := os.Open(filepath.Join(dir, plotFile))
	if err != nil {
		t.Fatal(err)
	}
	defer plot.Close()
	for d := xml.NewDecoder(plot); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// What cannot be measured is refused before anything is.
func TestMeasureRefuses(t *testing.T) {
	for _, args := range [][]string{{"--taps", "0"}, {"--only", "nonsense"}, {"--only", "one-tap", "--into", "docs"}} {
		c := rootCommand()
		c.SetArgs(args)
		c.SetOut(io.Discard)
		c.SetErr(io.Discard)
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
