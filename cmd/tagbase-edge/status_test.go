// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
)

// startOnSimulatedReader starts a station on the simulated reader, with more in its configuration.
func startOnSimulatedReader(t *testing.T, more string) *testStation {
	t.Helper()
	r := newTestStation(t, "simulated", more, nil)
	r.startForTheTest()
	return r
}

// runAndSearchForSecret runs a technician's command to its end, and looks for the key's secret in
// what it prints.
func (r *testStation) runAndSearchForSecret(args ...string) (out string, exit int) {
	r.Helper()
	c := exec.Command("tagbase-edge", append(args, "--config", r.config)...)
	b, err := c.CombinedOutput()
	if c.ProcessState == nil {
		r.Fatal(err)
	}

	if _, secret, _ := strings.Cut(r.bench.Key, ":"); strings.Contains(string(b), secret) {
		r.Errorf("%q prints the key's secret:\n%s", args, b)
	}

	return string(b), c.ProcessState.ExitCode()
}

func (r *testStation) status() (s api.Status, exit int) {
	r.Helper()
	out, exit := r.runAndSearchForSecret("status", "--json")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		r.Fatalf("%v: %s", err, out)
	}

	return s, exit
}

// awaitStatus waits until the status is as it should be.
func (r *testStation) awaitStatus(what string, is func(api.Status) bool) (s api.Status, exit int) {
	r.Helper()
	if !await.Holds(func() bool {
		s, exit = r.status()
		return is(s)
	}) {
		r.Fatalf("%s is not shown: %+v", what, s)
	}

	return s, exit
}

func (r *testStation) wantStatusText(want ...string) {
	r.Helper()
	out, _ := r.runAndSearchForSecret("status")
	for _, w := range want {
		if !strings.Contains(out, w) {
			r.Errorf("status does not say %q:\n%s", w, out)
		}
	}
}

// status exits 0 while all is well, and shows each fault with its mend.
func TestStatusShowsEachFault(t *testing.T) {
	t.Parallel()
	r := startOnSimulatedReader(t, "")
	r.wantOutcome(r.tap("genuine-424"), "pending", "")
	s, exit := r.status()
	if exit != 0 || !s.OK || s.ServiceCode != 0 || s.Service != "none" || s.Station != "bench" ||
		s.Sessions.Active != 1 || !s.Reader.Up || !s.Platform.Met || s.Key.ID != "key_bench:redacted" ||
		len(s.Scans) != 1 || s.Scans[0].Outcome != "pending" || s.UptimeMS <= 0 {
		t.Errorf("exit status %d, %+v", exit, s)
	}

	r.wantStatusText("✓ station   bench: reader ready, platform reached", "✓ key       key_bench:redacted",
		"✓ sessions  1 open", "pending", sim.Tag424)

	r.bench.ClosePlatform()
	r.wantOutcome(r.tap("genuine-424"), "not_sent", "network")
	s, exit = r.status()
	if exit != 1 || s.OK || s.ServiceCode != 3 || s.Service != "platform unreachable" ||
		s.Platform.Trouble != "network" {
		t.Errorf("without the platform: exit status %d, %+v", exit, s)
	}

	r.wantStatusText("✗ service   code 3, platform unreachable: look at the network", "✗ platform",
		"out of reach: network")

	if err := r.bench.Unplug(); err != nil {
		t.Fatal(err)
	}

	s, exit = r.awaitStatus("the reader's loss", func(s api.Status) bool { return s.ServiceCode == 1 })
	if exit != 1 || s.Reader.Up || s.Reader.Error == "" {
		t.Errorf("without the reader: exit status %d, %+v", exit, s)
	}

	if err := r.bench.Plug(); err != nil {
		t.Fatal(err)
	}

	s, _ = r.awaitStatus("the reader's return", func(s api.Status) bool { return s.Reader.Up })
	if s.Reader.Reopens == 0 || s.ServiceCode != 3 {
		t.Errorf("with the reader again: %+v", s)
	}

	bad := "[reader]\nno = 1\n[station]\nsocket = \"" + r.bench.Dir + "/api.sock\"\n"
	if err := os.WriteFile(r.config, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}

	r.daemon.Process().Signal(syscall.SIGHUP)
	r.awaitStatus("a reload that was refused", func(s api.Status) bool {
		return strings.Contains(s.Note, "the old configuration stays: "+r.config+":1:1: tags.entry_points: is not set")
	})
}

// A daemon that was killed leaves its socket, and the next one takes it; a second one beside
// it does not, and says so.
func TestSocketOfAKilledDaemonIsTakenOver(t *testing.T) {
	t.Parallel()
	r := startOnSimulatedReader(t, "")
	first, _ := r.status()
	r.daemon.Process().Kill()
	r.daemon.Wait()
	out, exit := r.runAndSearchForSecret("status")
	if exit != 1 || !strings.Contains(out, "no daemon answers there; start it: sudo systemctl start tagbase-edge") {
		t.Errorf("without a daemon: exit status %d, %s", exit, out)
	}

	r.startDaemonAndAwaitReader()
	next, _ := r.status()
	if !next.Started.After(first.Started) {
		t.Errorf("the next daemon started at %v, the first one at %v", next.Started, first.Started)
	}

	config, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}

	own := filepath.Join(t.TempDir(), "config.toml")
	text := strings.ReplaceAll(string(config), filepath.Join(r.bench.Dir, "state"), t.TempDir())
	if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}

	second, err := sim.StartDaemon("tagbase-edge", own)
	if err != nil {
		t.Fatal(err)
	}

	defer second.Stop()
	refusal := `another daemon answers there; stop it, or give this one a station.socket of its own`
	if err := second.AwaitLine(t.Context(), refusal); err != nil {
		t.Errorf("%v:\n%s", err, second.Log())
	}

	if s, _ := r.status(); !s.Started.Equal(next.Started) {
		t.Errorf("the first daemon does not answer any more: %+v", s)
	}
}

// A test of the lamps beside the daemon ends at the first tap, which is judged as ever;
// while a tap is shown it does not begin.
func TestLedsTestEndsAtATap(t *testing.T) {
	t.Parallel()
	r := startOnSimulatedReader(t, "")
	test := exec.Command("tagbase-edge", "leds", "test", "--config", r.config)
	var said strings.Builder
	test.Stdout, test.Stderr = &said, &said
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}

	r.awaitLamps(green)
	r.put("genuine-424")
	first := r.nextScan()
	before, _ := r.bench.Lamps.Changes(0)
	r.wantOutcome(first, "pending", "")
	test.Wait()
	exit := test.ProcessState.ExitCode()
	if exit != 1 || !strings.HasPrefix(said.String(), "green lamp\n") ||
		!strings.Contains(said.String(), "a tap came") {
		t.Errorf("exit status %d:\n%s", exit, said.String())
	}

	out, exit := r.runAndSearchForSecret("leds", "test")
	if exit != 1 || !strings.Contains(out, "the lamps show a tap") {
		t.Errorf("while a tap is shown: exit status %d, %s", exit, out)
	}

	after, _ := r.bench.Lamps.Changes(0)
	for _, c := range after[len(before):] {
		if c.Lit[sim.Green] || c.Lit[sim.Red] {
			t.Errorf("%v is lit after a pending tap", c.Lit)
		}
	}

	r.takeAway()
	r.wantOutcome(r.tap("genuine-424"), "valid", "")
	r.awaitLamps(green)
}

// A test without a daemon leaves the lamps dark when the connection breaks.
func TestLedsTestBrokenOffLeavesTheLampsDark(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "simulated", "", nil)
	test := exec.Command("tagbase-edge", "leds", "test", "--config", r.config)
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}

	r.awaitLamps(green)
	if err := test.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}

	r.awaitLamps(dark)
	if err := test.Wait(); err == nil || test.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v, want status 1", err)
	}
}

// Clients that ask and do not read keep no tap from its verdict.
func TestSlowClientsHoldUpNoTap(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	r := startOnSimulatedReader(t, fmt.Sprintf("[page]\nlisten = %q\n", address))
	r.awaitPage(address)
	for i := range 60 {
		network, to := "tcp", address
		if i%2 == 0 {
			network, to = "unix", r.bench.Dir+"/api.sock"
		}

		c, err := net.Dial(network, to)
		if err != nil {
			t.Fatal(err)
		}

		defer c.Close()
		switch i % 3 {
		case 0:
			io.WriteString(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		case 1:
			io.WriteString(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200))
		default:
			io.WriteString(c, "GET /st") // and never the rest
		}
	}

	for _, outcome := range []string{"pending", "valid", "pending", "valid"} {
		scan := r.tap("genuine-424")
		r.wantOutcome(scan, outcome, "")
		if scan.TotalMS > 4000 {
			t.Errorf("it took %.0f ms", scan.TotalMS)
		}
	}
}

func (r *testStation) awaitPage(address string) {
	r.Helper()
	r.await("the page answers", func() bool {
		resp, err := http.Get("http://" + address + "/livez")
		if err == nil {
			resp.Body.Close()
		}

		return err == nil
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	defer l.Close()
	return l.Addr().String()
}

// The page that a configuration asks for shows the station; its metrics count the taps.
func TestPageAndMetricsShowTaps(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	r := startOnSimulatedReader(t, fmt.Sprintf("[page]\nlisten = %q\n", address))
	r.awaitPage(address)
	r.wantOutcome(r.tap("clone"), "pending", "")
	r.wantOutcome(r.tap("clone"), "invalid", "")
	wants := []string{
		`tagbase_edge_scans_total{outcome="invalid"} 1`, `tagbase_edge_scans_total{outcome="pending"} 1`,
		`tagbase_edge_session_carried_total{result="same"} 1`, `tagbase_edge_requests_total{code="2xx"} 2`,
		`tagbase_edge_reader_up 1`, `tagbase_edge_platform_up 1`,
	}

	missing := func(text string) string {
		for _, want := range wants {
			if !strings.Contains(text, want+"\n") {
				return want
			}
		}

		return ""
	}

	var b []byte
	if !await.Holds(func() bool {
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}

		b, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}

		return missing(string(b)) == ""
	}) {
		t.Fatalf("the metrics do not say %s\n%s", missing(string(b)), b)
	}

	if _, secret, _ := strings.Cut(r.bench.Key, ":"); strings.Contains(string(b), secret) {
		t.Error("the metrics tell the key's secret")
	}
}
