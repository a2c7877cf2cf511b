// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// superviseChild runs a child for as long as the test reads its events.
func superviseChild(t *testing.T, child string, args ...string) (events <-chan Event, stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	s := &Supervisor{Command: append([]string{self, "child", child}, args...)}
	ctx, cancel := context.WithCancel(t.Context())
	c := make(chan Event)
	ended := make(chan struct{})

	go func() {
		defer close(ended)
		s.Run(ctx, c)
	}()

	stop = func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("Run has not ended")
		}
	}

	t.Cleanup(stop)
	return c, stop
}

func TestSupervisorPassesEvents(t *testing.T) {
	t.Parallel()
	events, _ := superviseChild(t, "one tap")
	for _, want := range []EventKind{EventReady, EventEntered, EventTap} { // no Beat
		e := nextEvent(t, events)
		if e.Kind != want {
			t.Fatalf("got %+v, want %s", e, want)
		}
		if want != EventReady && (e.Tap.UID != aTap.UID || e.Tap.Chip != aTap.Chip || e.Tap.Entered.IsZero()) {
			t.Errorf("%s: got %+v, want %+v", want, e.Tap, aTap)
		}
	}
}

// However a child ends, the supervisor ends its tap and emits a fault that says how it ended.
func TestSupervisorSaysHowAChildEnded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		child   string
		before  []EventKind
		want    []string // in the fault's text
		is      error
		missing bool
	}{
		{"dies in a tap", []EventKind{EventEntered, EventURL, EventTap}, []string{"exit status 3"}, nil, false},
		{"dies between taps", []EventKind{EventEntered, EventTap}, []string{"exit status 3"}, nil, false},
		{"says why", nil, []string{"unplugged"}, nil, true},
		{"exits", nil, []string{"ended"}, nil, false},
		{"exits 3", nil, []string{"exit status 3"}, nil, false},
		{"complains", nil, []string{"exit status 3", `"abort: NAD"`}, nil, false},
		{"rants", nil, []string{"exit status 3", "xxxx"}, nil, false},
		{"aborts", nil, []string{"SIGABRT"}, nil, false},
		{"silent", []EventKind{EventEntered, EventTap}, []string{"silent for 5s"}, nil, false},
		{"babbles", nil, nil, errBadLine, false},
		{"half a line", nil, nil, errBadLine, false},
		{"never ends", nil, nil, bufio.ErrTooLong, false},
	}

	for _, tt := range tests {
		t.Run(tt.child, func(t *testing.T) {
			t.Parallel()
			events, _ := superviseChild(t, tt.child)
			for _, want := range tt.before {
				e := nextEvent(t, events)
				if e.Kind != want {
					t.Fatalf("got %+v, want %s", e, want)
				}

				if torn := tt.child != "dies between taps"; want == EventTap && torn {
					if e.Tap.UID != aTap.UID || e.Tap.Reason != scan.ReasonTorn || e.Tap.Read.IsZero() {
						t.Errorf("got %+v, want it torn", e.Tap)
					}
				}
			}

			fault := nextEvent(t, events)
			if fault.Kind != EventFault || fault.Err == nil || fault.Missing != tt.missing {
				t.Fatalf("got %+v, want a fault (missing: %v)", fault, tt.missing)
			}

			text := fault.Err.Error()
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("got %q, want %q in it", text, want)
				}
			}

			if strings.Contains(text, "more") || strings.Contains(text, "\n") || len(text) > maxWords+100 {
				t.Errorf("a fault of %d bytes: %q", len(text), text)
			}
			if tt.is != nil && !errors.Is(fault.Err, tt.is) {
				t.Errorf("got %v, want %v", fault.Err, tt.is)
			}
		})
	}
}

func TestSupervisorOfAMissingProgramTriesAgain(t *testing.T) {
	t.Parallel()
	events := make(chan Event)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})

	go func() {
		defer close(ended)
		(&Supervisor{Command: []string{"/nonexistent/tagbase-edge"}}).Run(ctx, events)
	}()

	for range 2 {
		if e := nextEvent(t, events); e.Kind != EventFault || e.Err == nil || e.Missing {
			t.Errorf("got %+v, want a fault", e)
		}
	}

	cancel()
	await(t, "the end of Run", ended)
}

// A child that ends at once is started again, every time after a longer pause.
func TestSupervisorRestartsLaterEveryTime(t *testing.T) {
	t.Parallel()
	events, _ := superviseChild(t, "exits")
	least := []time.Duration{firstDelay, 2 * firstDelay, 4 * firstDelay}
	nextEvent(t, events)

	for i, want := range least {
		last := time.Now()
		nextEvent(t, events)
		if got := time.Since(last); got < want || got > want+5*time.Second {
			t.Errorf("fault %d came after %v, want %v and what a start takes", i+2, got, want)
		}
	}
}

// When Run ends, it closes the child's input, and kills a child that ignores that. No
// process is left, not even a zombie.
func TestSupervisorEndsItsChild(t *testing.T) {
	t.Parallel()
	tests := []struct {
		child       string
		least, most time.Duration
	}{
		{"says who", 0, grace},
		{"ends slowly", grace / 2, grace},
		{"ignores the end", grace, 10 * grace},
	}

	for _, tt := range tests {
		t.Run(tt.child, func(t *testing.T) {
			t.Parallel()
			events, stop := superviseChild(t, tt.child)
			pid, err := strconv.Atoi(nextEvent(t, events).Tap.UID)
			if err != nil {
				t.Fatal(err)
			}

			start := time.Now()
			stop()
			if took := time.Since(start); took < tt.least || took > tt.most {
				t.Errorf("ended after %v, want %v to %v", took, tt.least, tt.most)
			}

			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("process %d is left: %v", pid, err)
			}
		})
	}
}

// Run ends although nobody receives the events of its child.
func TestSupervisorEndsWithoutAListener(t *testing.T) {
	t.Parallel()
	for _, child := range []string{"one tap", "dies in a tap"} {
		_, stop := superviseChild(t, child)
		stop()
	}
}

// Events that nobody received leave no goroutine and no open file behind.
func TestSupervisorLeavesNoGoroutineAndNoFile(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for _, child := range []string{"one tap", "dies in a tap", "babbles", "floods"} {
		events, stop := superviseChild(t, child)
		nextEvent(t, events)
		stop()
	}

	settlesAt(t, "goroutines", goroutines, runtime.NumGoroutine)
	settlesAt(t, "descriptors", files, func() int { return descriptors(t) })
}

// A daemon that is busy for longer than a child may be silent loses no event,
// and does not take the child for a silent one.
func TestSupervisorWaitsForASlowListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines, ended, events := make(chan Event), make(chan error, 1), make(chan Event)
		const n = 100
		go func() {
			for i := range n {
				send(t.Context(), lines, Event{Kind: EventTap, Tap: Tap{UID: strconv.Itoa(i)}})
			}
			ended <- nil
		}()

		go func() {
			defer close(events)
			if _, err := new(Supervisor).follow(t.Context(), lines, ended, events); err != nil {
				t.Errorf("the child ended, and the fault is %v", err)
			}
		}()

		i := 0
		for e := range events {
			if e.Tap.UID != strconv.Itoa(i) {
				t.Fatalf("event %d is %+v", i, e)
			}
			i++
			time.Sleep(silence + time.Second)
		}

		if i != n {
			t.Errorf("%d events, want %d", i, n)
		}
	})
}

// A child may be silent for 5 s, and no longer.
func TestSupervisorGivesAChild5SecondsOfSilence(t *testing.T) {
	for _, pause := range []time.Duration{silence - 1, silence + 1} {
		synctest.Test(t, func(t *testing.T) {
			lines, events := make(chan Event), make(chan Event)
			const beats = 10
			go func() {
				for range beats {
					sleep(t.Context(), pause)
					send(t.Context(), lines, Event{Kind: EventBeat})
				}
			}()

			start := time.Now()
			_, err := new(Supervisor).follow(t.Context(), lines, nil, events)
			want := silence
			if pause < silence {
				want += beats * pause
			}

			if took := time.Since(start); err == nil || took != want {
				t.Errorf("a line every %v: %v after %v, want a fault after %v", pause, err, took, want)
			}
		})
	}
}

// A tap goes from the antenna through a child to the daemon, and so does the end of the reader.
func TestSupervisorPassesATapFromTheAntenna(t *testing.T) {
	t.Parallel()
	r := simulatedRig(t)
	chip := simchip.NewNTAG424(uid424, key1, key2, url424)
	events, _ := superviseChild(t, "reader", r.device)
	if e := nextEvent(t, events); e.Kind != EventReady {
		t.Fatalf("got %+v, want %s", e, EventReady)
	}

	before := time.Now()
	r.field.Put(chip)
	if e := nextEvent(t, events); e.Kind != EventEntered || e.Tap.UID != fmt.Sprintf("%x", uid424) {
		t.Errorf("got %+v, want %s", e, EventEntered)
	}

	early, e := nextEvent(t, events), nextEvent(t, events)
	if early.Kind != EventURL || e.Kind != EventTap || early.Tap.URL != e.Tap.URL {
		t.Fatalf("got %+v and %+v, want %s and %s", early, e, EventURL, EventTap)
	}

	if err := genuineTags[0].verify(e.Tap.URL, chip); err != nil {
		t.Error(err)
	}
	// The moments come from another process's reading of the same clock: 20 ms for what lies between two readings.
	entered, read := e.Tap.Entered, e.Tap.Read
	if entered.Before(before.Add(-20*ms)) || read.Before(entered) || read.After(time.Now().Add(20*ms)) {
		t.Errorf("put at %v, entered %v, read %v", before, e.Tap.Entered, e.Tap.Read)
	}

	r.stop()
	for { // its socket is gone
		if e := nextEvent(t, events); e.Kind == EventFault && e.Missing {
			break
		}
	}
}

func TestFirstWordsKeepTheBeginning(t *testing.T) {
	words := &firstWords{}
	for _, part := range slices.Repeat([]string{strings.Repeat("a", 120), "b"}, 10) {
		if n, err := words.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("wrote %d of %d, %v", n, len(part), err)
		}
	}

	if len(words.said) != maxWords {
		t.Errorf("%d bytes are kept, want %d", len(words.said), maxWords)
	}
}
