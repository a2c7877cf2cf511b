// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
)

// A stream is a client's end of /events.
type stream struct {
	*testing.T
	body  io.Closer
	lines *bufio.Scanner
}

func (r *testStation) listenToEvents() *stream {
	r.Helper()
	resp, err := NewClient(r.path).do(r.Context(), http.MethodGet, "/events")
	if err != nil {
		r.Fatal(err)
	}

	r.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		r.Fatalf("%s, %v", resp.Status, resp.Header)
	}

	s := &stream{T: r.T, body: resp.Body, lines: bufio.NewScanner(resp.Body)}
	s.lines.Buffer(nil, 1<<20)
	return s
}

// wantEvent reads the next event, checks its name and decodes its data.
func (s *stream) wantEvent(event string, into any) {
	s.Helper()
	var name string
	for s.lines.Scan() {
		if n, ok := strings.CutPrefix(s.lines.Text(), "event: "); ok {
			name = n
		}

		data, ok := strings.CutPrefix(s.lines.Text(), "data: ")
		if !ok {
			continue
		}
		if name != event {
			s.Fatalf("the next event is %s %s, want %s", name, data, event)
		}
		if err := json.Unmarshal([]byte(data), into); err != nil {
			s.Fatal(err)
		}

		return
	}

	s.Fatalf("the stream ended, want %s: %v", event, s.lines.Err())
}

// A listener gets the status, and then everything that happens, in order.
func TestEventsComeInOrder(t *testing.T) {
	r := newTestStation(t)

	r.feed.Past(scan.Record{Seq: 1, Outcome: "valid"})
	s := r.listenToEvents()

	var status Status
	s.wantEvent("status", &status)
	if status.Station != "rig" || len(status.Scans) != 1 || status.Scans[0].Seq != 1 {
		t.Errorf("at first: %+v", status)
	}

	r.feed.Lamps(LampsLit{Amber: true})
	r.feed.Scan(scan.Record{Seq: 2, Outcome: "pending", Tag: "<script>\u2028\u202e\n"})
	r.feed.Service(ServiceStatus{Code: 3, Words: "platform unreachable", Mend: "look"})

	var lit LampsLit
	s.wantEvent("lamps", &lit)
	if lit != (LampsLit{Amber: true}) {
		t.Errorf("lit %+v", lit)
	}

	var record scan.Record
	s.wantEvent("scan", &record)
	if record.Seq != 2 || record.Tag != "<script>\u2028\u202e\n" {
		t.Errorf("scan %+v", record)
	}
	s.wantEvent("status", &status)
	if len(status.Scans) != 2 {
		t.Errorf("after a scan: %+v", status)
	}

	var service ServiceStatus
	s.wantEvent("service", &service)
	if service != (ServiceStatus{3, "platform unreachable", "look"}) {
		t.Errorf("service %+v", service)
	}

	// Nothing more happens: the next status is the sign of life.
	s.wantEvent("status", &status)
	begun := time.Now()
	s.wantEvent("status", &status)
	if time.Since(begun) > 2*statusEvery {
		t.Errorf("the sign of life came after %v", time.Since(begun))
	}
}

// A listener that does not read holds up nobody and is dropped. The others get every
// event all the same, and its place is free again.
func TestSlowListenerIsDroppedAndHoldsUpNobody(t *testing.T) {
	r := newTestStation(t)

	slow, err := net.Dial("unix", r.path)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()

	io.WriteString(slow, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
	first := bufio.NewReader(slow)
	if line, err := first.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}

	quick := r.listenToEvents()
	var status Status
	quick.wantEvent("status", &status)

	// 300 scans of 100 KiB are more than a socket's buffers and the backlog hold.
	begun := time.Now()
	big := strings.Repeat("x", 100<<10)
	for n := range uint64(300) {
		before := time.Now()
		r.feed.Scan(scan.Record{Seq: n, Tag: big})
		if took := time.Since(before); took > time.Second {
			t.Fatalf("scan %d took %v to hand over", n, took)
		}

		var record scan.Record
		quick.wantEvent("scan", &record)
		if record.Seq != n {
			t.Fatalf("scan %d came, want %d", record.Seq, n)
		}

		quick.wantEvent("status", &status)
		if time.Since(begun) > 4*time.Second {
			break // soon the periodic status would come in between, and enough was sent
		}
	}

	r.awaitListeners(1)
}

// awaitListeners waits until the feed has this number of listeners.
func (r *testStation) awaitListeners(want int) {
	r.Helper()

	listeners := func() int {
		r.feed.mu.Lock()
		defer r.feed.mu.Unlock()
		return len(r.feed.listeners)
	}

	if !await.Holds(func() bool { return listeners() == want }) {
		r.Fatalf("%d listeners, want %d", listeners(), want)
	}
}

// There is a limit to listeners; one that leaves makes room for another.
func TestListenersAreLimited(t *testing.T) {
	r := newTestStation(t)

	var status Status
	streams := make([]*stream, maxListeners)
	for i := range streams {
		streams[i] = r.listenToEvents()
		streams[i].wantEvent("status", &status)
	}

	if code, words := r.getFromSocket("/events"); code != http.StatusServiceUnavailable {
		t.Errorf("one more: %d %s", code, words)
	}

	streams[0].body.Close()
	r.awaitListeners(maxListeners - 1)
	r.listenToEvents().wantEvent("status", &status)
}

// A nil feed accepts everything and holds nothing.
func TestNilFeedDoesNothing(t *testing.T) {
	var f *Feed
	f.Past(scan.Record{})
	f.Scan(scan.Record{})
	f.Lamps(LampsLit{})
	f.Service(ServiceStatus{})
	if f.Scans() != nil {
		t.Error("it holds scans")
	}
}

// The lamp test reports its steps. It ends when the client leaves, and the client learns
// why a test may not begin or has ended early.
func TestLampTestTellsStepsAndItsEnd(t *testing.T) {
	r := newTestStation(t)

	client := NewClient(r.path)
	var steps []string
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := client.TestLamps(ctx, func(step string) {
		if steps = append(steps, step); len(steps) == 2 {
			cancel()
		}
	})

	if err == nil || len(steps) != 2 || steps[0] != "green lamp" {
		t.Errorf("steps %q, then %v", steps, err)
	}

	noStep := func(step string) { t.Errorf("step %q", step) }
	for _, refuses := range []error{ErrBusy, ErrTap, errors.New("leds.green: the line is broken")} {
		r.refuses = refuses
		if err := client.TestLamps(t.Context(), noStep); err == nil || err.Error() != refuses.Error() {
			t.Errorf("got %v, want %v", err, refuses)
		}
	}
}
