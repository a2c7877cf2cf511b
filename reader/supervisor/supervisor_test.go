// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"bufio"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
)

// superviseChild runs a child for as long as the test reads its events.
func superviseChild(t *testing.T, child string, args ...string) (events <-chan reader.Event, stop func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	s := &Supervisor{Command: append([]string{self, "child", child}, args...)}
	ctx, cancel := context.WithCancel(t.Context())
	c := make(chan reader.Event)
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
	for _, want := range []reader.EventKind{reader.EventReady, reader.EventEntered, reader.EventTap} { // no Beat
		e := nextEvent(t, events)
		if e.Kind != want {
			t.Fatalf("got %+v, want %s", e, want)
		}
		if want != reader.EventReady && (e.Tap.UID != aTap.UID || e.Tap.Chip != aTap.Chip || e.Tap.Entered.IsZero()) {
			t.Errorf("%s: got %+v, want %+v", want, e.Tap, aTap)
		}
	}
}

// However a child ends, the supervisor ends its tap and emits a fault that says how it ended.
func TestSupervisorSaysHowAChildEnded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		child   string
		before  []reader.EventKind
		want    []string // in the fault's text
		is      error
		missing bool
	}{
		{
			"dies in a tap", []reader.EventKind{reader.EventEntered, reader.EventURL, reader.EventTap},
			[]string{"exit status 3"}, nil, false,
		},
		{
			"dies between taps", []reader.EventKind{reader.EventEntered, reader.EventTap},
			[]string{"exit status 3"}, nil, false,
		},
		{"says why", nil, []string{"unplugged"}, nil, true},
		{"exits", nil, []string{"ended"}, nil, false},
		{"exits 3", nil, []string{"exit status 3"}, nil, false},
		{"complains", nil, []string{"exit status 3", `"abort: NAD"`}, nil, false},
		{"rants", nil, []string{"exit status 3", "xxxx"}, nil, false},
		{"aborts", nil, []string{"SIGABRT"}, nil, false},
		{"silent", []reader.EventKind{reader.EventEntered, reader.EventTap}, []string{"silent for 5s"}, nil, false},
		{"babbles", nil, nil, reader.ErrBadLine, false},
		{"half a line", nil, nil, reader.ErrBadLine, false},
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

				if torn := tt.child != "dies between taps"; want == reader.EventTap && torn {
					if e.Tap.UID != aTap.UID || e.Tap.Reason != scan.ReasonTorn || e.Tap.Read.IsZero() {
						t.Errorf("got %+v, want it torn", e.Tap)
					}
				}
			}

			fault := nextEvent(t, events)
			if fault.Kind != reader.EventFault || fault.Err == nil || fault.Missing != tt.missing {
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
	events := make(chan reader.Event)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})

	go func() {
		defer close(ended)
		(&Supervisor{Command: []string{"/nonexistent/tagbase-edge"}}).Run(ctx, events)
	}()

	for range 2 {
		if e := nextEvent(t, events); e.Kind != reader.EventFault || e.Err == nil || e.Missing {
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
		lines, ended, events := make(chan reader.Event), make(chan error, 1), make(chan reader.Event)
		const n = 100
		go func() {
			for i := range n {
				send(t.Context(), lines, reader.Event{Kind: reader.EventTap, Tap: reader.Tap{UID: strconv.Itoa(i)}})
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
			lines, events := make(chan reader.Event), make(chan reader.Event)
			const beats = 10
			go func() {
				for range beats {
					select {
					case <-time.After(pause):
					case <-t.Context().Done():
						return
					}
					send(t.Context(), lines, reader.Event{Kind: reader.EventBeat})
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

// The station hears of what rests once, and once more when it has gone.
func TestSupervisorPassesOnWhatRests(t *testing.T) {
	start := time.Now()
	s := new(Supervisor)
	for i, step := range []struct {
		since time.Time
		news  bool
	}{{time.Time{}, false}, {start, true}, {start.Add(20 * time.Microsecond), false}, {start, false},
		{start.Add(2 * time.Second), true}, {time.Time{}, true}, {time.Time{}, false}} {
		if got := s.rests(step.since); got != step.news {
			t.Errorf("beat %d: news %v, want %v", i, got, step.news)
		}
	}
}
