// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A stream is a client's end of /events.
type stream struct {
	*testing.T
	body  io.Closer
	lines *bufio.Scanner
}

func (r *rig) listen() *stream {
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

// want takes the next event, which is of that name.
func (s *stream) want(event string, into any) {
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

// A listener is told how the station is, and then each thing as it happens, in order.
func TestEvents(t *testing.T) {
	r := newRig(t)
	r.feed.Past(scan.Record{Seq: 1, Outcome: "valid"})
	s := r.listen()
	var status Status
	if s.want("status", &status); status.Station != "rig" || len(status.Scans) != 1 || status.Scans[0].Seq != 1 {
		t.Errorf("at first: %+v", status)
	}
	r.feed.Lamps(Lit{Amber: true})
	r.feed.Scan(scan.Record{Seq: 2, Outcome: "pending", Tag: "<script>\u2028\u202e\n"})
	r.feed.Service(Service{Code: 3, Words: "platform unreachable", Mend: "look"})
	var lit Lit
	if s.want("lamps", &lit); lit != (Lit{Amber: true}) {
		t.Errorf("lit %+v", lit)
	}
	var record scan.Record
	if s.want("scan", &record); record.Seq != 2 || record.Tag != "<script>\u2028\u202e\n" {
		t.Errorf("scan %+v", record)
	}
	if s.want("status", &status); len(status.Scans) != 2 {
		t.Errorf("after a scan: %+v", status)
	}
	var service Service
	if s.want("service", &service); service != (Service{3, "platform unreachable", "look"}) {
		t.Errorf("service %+v", service)
	}
	s.want("status", &status)
	begun := time.Now()
	s.want("status", &status) // the sign of life
	if time.Since(begun) > 2*statusEvery {
		t.Errorf("the sign of life came after %v", time.Since(begun))
	}
}

// A listener that does not read costs nobody any time, and is dropped; the others are
// told all the same, and its place is free again.
func TestSlowListener(t *testing.T) {
	r := newRig(t)
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
	quick := r.listen()
	var status Status
	quick.want("status", &status)
	begun := time.Now()
	big := strings.Repeat("x", 100<<10)
	for n := range uint64(300) {
		before := time.Now()
		r.feed.Scan(scan.Record{Seq: n, Tag: big})
		if took := time.Since(before); took > time.Second {
			t.Fatalf("scan %d took %v to hand over", n, took)
		}
		var record scan.Record
		if quick.want("scan", &record); record.Seq != n {
			t.Fatalf("scan %d came, want %d", record.Seq, n)
		}
		quick.want("status", &status)
		if time.Since(begun) > 4*time.Second {
			break // a status comes between soon, and enough was sent
		}
	}
	r.awaitListeners(1)
}

func (r *rig) awaitListeners(want int) {
	r.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(10 * time.Millisecond) {
		r.feed.mu.Lock()
		n := len(r.feed.listeners)
		r.feed.mu.Unlock()
		if n == want {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("%d listen, want %d", n, want)
		}
	}
}

// There are places for so many; one that is left is free again.
func TestManyListeners(t *testing.T) {
	r := newRig(t)
	var status Status
	streams := make([]*stream, maxListeners)
	for i := range streams {
		streams[i] = r.listen()
		streams[i].want("status", &status)
	}
	if code, words := r.get("/events"); code != http.StatusServiceUnavailable {
		t.Errorf("one more: %d %s", code, words)
	}
	streams[0].body.Close()
	r.awaitListeners(maxListeners - 1)
	r.listen().want("status", &status)
}

// A nil feed takes everything and says nothing.
func TestNilFeed(t *testing.T) {
	var f *Feed
	f.Past(scan.Record{})
	f.Scan(scan.Record{})
	f.Lamps(Lit{})
	f.Service(Service{})
	if f.Scans() != nil {
		t.Error("it holds scans")
	}
}

// A test of the lamps tells its steps; it ends when the client goes, and says when it
// may not begin or a tap has ended it.
func TestLampTest(t *testing.T) {
	r := newRig(t)
	client := NewClient(r.path)
	var steps []string
	ctx, cancel := contextWith(t)
	err := client.TestLamps(ctx, func(step string) {
		if steps = append(steps, step); len(steps) == 2 {
			cancel()
		}
	})
	if err == nil || len(steps) != 2 || steps[0] != "green lamp" {
		t.Errorf("steps %q, then %v", steps, err)
	}
	none := func(step string) { t.Errorf("step %q", step) }
	for _, refuses := range []error{ErrBusy, ErrTap, errors.New("leds.green: the line is broken")} {
		r.refuses = refuses
		if err := client.TestLamps(t.Context(), none); err == nil || err.Error() != refuses.Error() {
			t.Errorf("got %v, want %v", err, refuses)
		}
	}
}
