// SPDX-License-Identifier: Apache-2.0

package station

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/sim"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A testStation is a station between a reader that the test plays and a platform on a
// real socket.
type testStation struct {
	*testing.T
	events  chan reader.Event
	lamps   *sim.LampFiles
	journal string              // its directory
	lines   chan map[string]any // finished scans, as logged
	log     bytes.Buffer
	station *Station
	stop    func()
}

// showing is the code that the lamps show.
func (s *services) showing() scan.ServiceCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lowest()
}

// logLines gives each line of a zap core to a channel.
type logLines chan map[string]any

func (l logLines) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			return 0, err
		}
		if m["msg"] == "scan" {
			l <- m
		}
	}

	return len(b), nil
}

func newTestStation(t *testing.T, platform http.Handler) *testStation {
	t.Helper()
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	return newTestStationAt(t, server.URL+"/api/v1", nil, await.Patience)
}

const secret = "the-secret-of-the-rig"

func newTestStationAt(t *testing.T, url string, roots *x509.CertPool, timeout time.Duration) *testStation {
	t.Helper()
	r := &testStation{T: t, events: make(chan reader.Event), lines: make(logLines, 100)}
	var err error
	if r.lamps, err = sim.NewLampFiles(t.TempDir()); err != nil {
		t.Fatal(err)
	}

	base, err := uplink.ParseBaseURL(url)
	if err != nil {
		t.Fatal(err)
	}

	key, err := uplink.ParseKey([]byte("key_t:" + secret))
	if err != nil {
		t.Fatal(err)
	}

	entry, err := uplink.ParseEntryPoint(sim.EntryPoint)
	if err != nil {
		t.Fatal(err)
	}

	lamps, err := led.Open(led.Config{
		Green: "file:" + r.lamps.Path(sim.Green), Red: "file:" + r.lamps.Path(sim.Red), Amber: "file:" +
			r.lamps.Path(sim.Amber),
	})
	if err != nil {
		t.Fatal(err)
	}

	r.journal = t.TempDir()
	records, _ := journal.Open(r.journal, journal.Options{})
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
	log := zapcore.AddSync(io.MultiWriter(&r.log, logLines(r.lines)))
	s := &Station{
		Name: "rig",
		Tags: uplink.Tags{EntryPoints: []uplink.EntryPoint{entry}},
		Platform: uplink.NewPlatform(uplink.Config{Base: base, Key: key, Roots: roots,
			Clock: uplink.NewClock(time.Now)}),
		Sessions: session.New(10*time.Minute, session.UntilResolved),
		Journal:  records,
		Lamps:    lamps,
		Log:      zap.New(zapcore.NewCore(encoder, zapcore.Lock(log), zapcore.DebugLevel)),
		Timeout:  timeout,
		Wall:     time.Now,
	}
	r.station = s

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // ends with stop, at the latest in the clean-up
		s.Run(ctx, r.events)
		close(ended)
	}()

	r.stop = sync.OnceFunc(func() {
		cancel()
		await.Value(t, "the station's end", ended)
	})

	t.Cleanup(func() {
		r.stop()
		if err := errors.Join(lamps.Close(), r.lamps.Close(), records.Close()); err != nil {
			t.Error(err)
		}
		if bytes.Contains(r.log.Bytes(), []byte(secret)) {
			t.Errorf("the key's secret is in the log:\n%s", r.log.Bytes())
		}
	})

	return r
}

// send returns when the station has dealt with the event: it takes the next one
// only then.
func (r *testStation) send(e reader.Event) {
	r.Helper()
	await.Send(r, "the station takes the reader's event", r.events, e)
	await.Send(r, "the station has dealt with the event", r.events, reader.Event{Kind: reader.EventLeft})
}

// enter begins a tap: a tag is found in the field.
func (r *testStation) enter() {
	r.send(reader.Event{Kind: reader.EventEntered, Tap: reader.Tap{UID: "04", Chip: reader.ChipNTAG424,
		Entered: time.Now()}})
}

// read ends a tap with its URL.
func (r *testStation) read(url string) {
	now := time.Now()
	r.send(reader.Event{Kind: reader.EventTap, Tap: reader.Tap{UID: "04", Chip: reader.ChipNTAG424, URL: url,
		Entered: now, Read: now}})
}

// nextScan waits for the log line of the next finished scan.
func (r *testStation) nextScan() map[string]any {
	r.Helper()
	return await.Value(r, "a finished scan", r.lines)
}

// wantScan waits for the next finished scan, which has this outcome and reason; "a or b" takes either.
func (r *testStation) wantScan(outcome, reason string) map[string]any {
	r.Helper()
	line := r.nextScan()
	oneOf := func(got any, words string) bool { return slices.Contains(strings.Split(words, " or "), got.(string)) }
	if !oneOf(line["outcome"], outcome) || !oneOf(line["reason"], reason) {
		r.Fatalf("got %v, want %s %s", line, outcome, reason)
	}

	return line
}

// awaitLamps waits until exactly this lamp is lit, or none.
func (r *testStation) awaitLamps(want sim.Lit) {
	r.Helper()
	if !await.Holds(func() bool { return r.lamps.Lit() == want }) {
		r.Fatalf("lamps %v, want %v", r.lamps.Lit(), want)
	}
}

var (
	green = sim.Lit{sim.Green: true}
	red   = sim.Lit{sim.Red: true}
	amber = sim.Lit{sim.Amber: true}
)

// scriptedPlatform is a platform that gives each scan of a tag the word that it is told.
type scriptedPlatform chan string

// answers lets the platform answer the request that it has, or the next one.
func (a scriptedPlatform) answers(t *testing.T, word string) {
	t.Helper()
	await.Send(t, "the platform is asked", a, word)
}

func (a scriptedPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var word string
	select {
	case word = <-a:
	case <-r.Context().Done(): // the station asks by itself too, and no test answers that
		return
	}

	status := map[string]int{"404": 404, "422": 422, "401": 401, "500": 500}[word]
	w.Header().Set("Content-Type", uplink.MediaType)
	if status != 0 {
		w.WriteHeader(status)
		return
	}

	w.WriteHeader(201)
	w.Write([]byte(`{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"` + word + `"},` +
		`"relationships":{"session":{"data":{"type":"sessions","id":"ses_1"}}}}}`))
}

const (
	tagA = sim.EntryPoint + "tag_a?e=1"
	tagB = sim.EntryPoint + "tag_b?e=1"
)

// A verdict lights nothing once another tag has come: green and red are for the
// object that lies on the reader.
func TestVerdictLightsNothingOnceTheNextTagIsThere(t *testing.T) {
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)
	r.enter()
	r.read(tagA)
	r.enter()
	platform.answers(t, "valid")
	r.wantScan("valid", "")

	r.read(tagB)
	platform.answers(t, "invalid")
	r.wantScan("invalid", "")
	r.awaitLamps(red)

	changes, _ := r.lamps.Changes(0)
	for _, c := range changes {
		if c.Lit[sim.Green] {
			t.Error("green was lit while the second tag lay on the reader")
		}
	}
}

// A tap that has begun puts out what the last one lit, before it is read.
func TestNewTapPutsOutTheLastVerdict(t *testing.T) {
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)
	r.enter()
	r.awaitLamps(amber)
	r.read(tagA)
	platform.answers(t, "valid")
	r.awaitLamps(green)
	r.enter()
	r.awaitLamps(amber)
}

func TestSessionUnknownToThePlatformIsDropped(t *testing.T) {
	for word, dropped := range map[string]bool{"404": true, "422": true, "500": false, "401": false} {
		platform := make(scriptedPlatform)
		r := newTestStation(t, platform)

		for i, want := range []string{"", "ses_1", map[bool]string{true: "", false: "ses_1"}[dropped]} {
			r.enter()
			r.read(tagA)
			platform.answers(t, []string{"pending", word, "pending"}[i])
			line := r.nextScan()
			if got := line["carried_session"]; got != want {
				t.Errorf("%s: scan %d carried %q, want %q", word, i+1, got, want)
			}
		}
	}
}

// A verdict ends the flow: the scan after it carries nothing.
func TestVerdictEndsTheSession(t *testing.T) {
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)

	for i, carried := range []string{"", "ses_1", ""} {
		r.enter()
		r.read(tagA)
		platform.answers(t, []string{"pending", "valid", "pending"}[i])
		if line := r.nextScan(); line["carried_session"] != carried {
			t.Errorf("scan %d carried %q, want %q", i+1, line["carried_session"], carried)
		}
	}
}

// Ten taps may come at once; what is more is dropped, and all of them are told.
func TestTapsBeyondTheBucketAreDropped(t *testing.T) {
	r := newTestStation(t, make(scriptedPlatform))
	count := map[any]int{}

	for range 14 {
		r.enter()
		r.read("https://elsewhere.example/?x=1")
		count[r.nextScan()["outcome"]]++
	}

	if count["foreign"] < 10 || count["dropped"] < 1 || count["foreign"]+count["dropped"] != 14 {
		t.Errorf("%v, want ten or a few more foreign and the rest dropped", count)
	}
}

// Ten taps may wait for the one that is being sent; the reader never waits.
func TestTapsBeyondTheQueueAreDropped(t *testing.T) {
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)
	dropped := 0

	for range queueLength + 3 {
		r.enter()
		r.read(tagA)

		select {
		case <-r.lines:
			dropped++
		default:
		}
	}

	if dropped == 0 {
		t.Error("no tap was dropped while the platform did not answer")
	}

	close(platform)
}

// A tap that waited too long behind another is not posted with what is left of
// its time: it would become unknown for nothing.
func TestTapThatWaitedTooLongIsNotPosted(t *testing.T) {
	server := httptest.NewServer(make(scriptedPlatform))
	r := newTestStationAt(t, server.URL, nil, time.Second)
	t.Cleanup(server.CloseClientConnections)
	for range 2 {
		r.enter()
		r.read(tagA)
	}

	r.wantScan("unknown", "no_answer")
	r.wantScan("dropped", "")
}

// The lamps show what a technician must mend, when no outcome is being shown: amber blinks the service code again and
// again until the fault is over, and then stays dark.
func TestServiceCodeBlinksUntilTheReaderIsBack(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, make(scriptedPlatform))
	r.send(reader.Event{Kind: reader.EventFault, Err: errors.New("gone"), Missing: true})
	blinks := func() (n int) {
		changes, _ := r.lamps.Changes(0)
		for _, change := range changes {
			if change.Lit == amber {
				n++
			}
		}

		return n
	}

	await.Until(t, "amber blinks again after the pause", func() bool { return blinks() >= 2 })

	r.send(reader.Event{Kind: reader.EventReady})
	r.awaitLamps(sim.Lit{})
	seen := blinks()
	await.Elapse(2500 * time.Millisecond) // code 1 is dark for 1.75 s between two blinks
	if n := blinks() - seen; n > 0 {
		t.Errorf("amber blinked %d times after the reader was back", n)
	}
}

// A platform that is lost and found again is told of, once each, with the code
// that the lamps show.
func TestPlatformTroubleIsLoggedOnce(t *testing.T) {
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)

	for _, word := range []string{"pending", "500", "500", "pending", "401"} {
		r.enter()
		r.read(tagA)
		platform.answers(t, word)
		r.nextScan()
	}

	r.stop()

	var said []string
	for line := range bytes.Lines(r.log.Bytes()) {
		var l struct {
			Msg    string
			Code   int `json:"service_code"`
			Reason string
		}

		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg == "platform" || l.Msg == "platform reached" {
			said = append(said, fmt.Sprint(l.Msg, " ", l.Code, " ", l.Reason))
		}
	}

	want := []string{"platform 3 server", "platform reached 0 ", "platform 4 key"}
	if !slices.Equal(said, want) {
		t.Errorf("the log says %q, want %q", said, want)
	}
}

func TestLowestServiceCodeIsShown(t *testing.T) {
	var s services
	for _, step := range []struct {
		raise scan.ServiceCode
		clear []scan.ServiceCode
		want  scan.ServiceCode
	}{
		{scan.ServiceNone, nil, scan.ServiceNone},
		{scan.ServiceLamps, nil, scan.ServiceLamps},
		{scan.ServiceReaderSilent, nil, scan.ServiceReaderSilent},
		{scan.ServiceKeyRefused, nil, scan.ServiceReaderSilent},
		{scan.ServiceNone, []scan.ServiceCode{scan.ServiceReaderNotFound, scan.ServiceReaderSilent},
			scan.ServiceKeyRefused},
		{scan.ServicePlatformUnreachable, []scan.ServiceCode{scan.ServiceKeyRefused}, scan.ServicePlatformUnreachable},
		{scan.ServiceNone, []scan.ServiceCode{scan.ServicePlatformUnreachable}, scan.ServiceLamps},
		{scan.ServiceNone, []scan.ServiceCode{scan.ServiceLamps}, scan.ServiceNone},
	} {
		s.change(nil, step.raise, step.clear...)
		if got := s.lowest(); got != step.want {
			t.Errorf("after %+v: %d, want %d", step, got, step.want)
		}
	}
}

// A tag that has lain on the reader for a minute is told: in the status, and once in the log.
func TestTagThatRestsForAMinuteIsTold(t *testing.T) {
	r := newTestStation(t, http.NotFoundHandler())
	r.send(reader.Event{Kind: reader.EventReady})
	rests := func(d time.Duration) {
		beat := reader.Event{Kind: reader.EventBeat}
		if d > 0 {
			beat.Tap.Entered = time.Now().Add(-d)
		}
		r.send(beat)
	}

	rests(50 * time.Second)
	if s := r.station.Status(); s.Reader.Blocked() || s.Reader.RestingMS < 50_000 || strings.Contains(s.Words, "lies") {
		t.Errorf("after 50 s: %+v, %q", s.Reader, s.Words)
	}
	rests(61 * time.Second)
	if s := r.station.Status(); s.OK || !s.Reader.Blocked() || s.Words != "something lies on the reader: take it away" {
		t.Errorf("after a minute: %v, %+v, %q", s.OK, s.Reader, s.Words)
	}

	// The upkeep's own words are in the log when it has ended, or these are.
	r.stop()
	logged := r.station.noteResting(r.station.noteResting(false))
	r.station.readerView.rests(time.Time{})
	if s := r.station.Status(); s.Reader.RestingMS != 0 || strings.Contains(s.Words, "lies") {
		t.Errorf("when it has gone: %+v, %q", s.Reader, s.Words)
	}
	if logged = r.station.noteResting(logged); logged || r.station.noteResting(logged) {
		t.Error("it is said to lie there still")
	}
	for _, line := range []string{"something lies on the reader; every tap", "nothing lies on the reader any more"} {
		if n := strings.Count(r.log.String(), line); n == 0 || n > 2 {
			t.Errorf("%d lines %q in the log:\n%s", n, line, r.log.String())
		}
	}
}

// A reader that wakes tags is in the status, and in the log once.
func TestReaderThatWakesTagsIsTold(t *testing.T) {
	r := newTestStation(t, http.NotFoundHandler())
	r.send(reader.Event{Kind: reader.EventReady})
	if r.station.Status().Reader.HaltFails {
		t.Error("it is said of a reader that has not done so")
	}
	for _, fails := range []bool{true, false, true} {
		r.send(reader.Event{Kind: reader.EventBeat, HaltFails: fails})
		if !r.station.Status().Reader.HaltFails {
			t.Error("the status does not say it")
		}
	}

	r.stop()
	if n := strings.Count(r.log.String(), "the reader wakes tags"); n != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", n, r.log.String())
	}
}
