// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// The test binary is its own child process: "child NAME" is one of these.
var children = map[string]func(args []string){
	"reader": func(args []string) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { untilInputEnds(); cancel() }()
		if Child(ctx, args[0], TwoTaps, nil, os.Stdout) != nil {
			os.Exit(1)
		}
	},
	"one tap": func([]string) {
		say(Event{Kind: EventReady})
		say(Event{Kind: EventBeat})
		say(Event{Kind: EventEntered, Tap: aTap})
		say(Event{Kind: EventTap, Tap: aTap})
		untilInputEnds()
	},
	"dies in a tap": func([]string) {
		say(Event{Kind: EventEntered, Tap: aTap})
		say(Event{Kind: EventURL, Tap: aTap})
		os.Exit(3)
	},
	"dies between taps": func([]string) {
		say(Event{Kind: EventEntered, Tap: aTap})
		say(Event{Kind: EventTap, Tap: aTap})
		os.Exit(3)
	},
	"says why":   func([]string) { say(Event{Kind: EventFault, Err: errors.New("unplugged"), Missing: true}); os.Exit(1) },
	"exits":      func([]string) {},
	"exits 3":    func([]string) { os.Exit(3) },
	"complains":  func([]string) { os.Stderr.WriteString("\nabort: NAD\nmore\n"); os.Exit(3) },
	"rants":      func([]string) { os.Stderr.WriteString(strings.Repeat("x", 1<<20)); os.Exit(3) },
	"aborts":     func([]string) { syscall.Kill(os.Getpid(), syscall.SIGABRT); select {} },
	"silent":     func([]string) { say(Event{Kind: EventEntered, Tap: aTap}); untilInputEnds() },
	"babbles":    func([]string) { os.Stdout.WriteString("error libnfc.bus\n"); untilInputEnds() },
	"never ends": func([]string) { babble(strings.Repeat("x", 1000)) },
	"half a line": func([]string) {
		os.Stdout.WriteString(`{"kind":"be`)
		os.Exit(3)
	},
	"floods": func([]string) {
		for {
			say(Event{Kind: EventTap, Tap: aTap})
		}
	},
	"ignores the end": func([]string) {
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		say(me())
		for {
			say(Event{Kind: EventBeat})
			time.Sleep(100 * time.Millisecond)
		}
	},
	"says who": func([]string) {
		say(me())
		untilInputEnds()
	},
	"ends slowly": func([]string) {
		say(me())
		untilInputEnds()
		time.Sleep(grace / 2)
	},
}

var aTap = Tap{UID: "04de5f1eacc040", Chip: ChipNTAG424, Entered: time.Now()}

// me is an event that names the process it comes from.
func me() Event { return Event{Kind: EventTap, Tap: Tap{UID: strconv.Itoa(os.Getpid())}} }

func say(e Event) {
	line, err := encodeEvent(e)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(line)
}

func babble(text string) {
	for {
		if _, err := os.Stdout.WriteString(text); err != nil {
			return
		}
	}
}

func untilInputEnds() { io.Copy(io.Discard, os.Stdin) }

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		children[os.Args[2]](os.Args[3:])
		syscall.Exit(0) // os.Exit(0) waits a second for races
	}
	os.Exit(m.Run())
}

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

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

func next(t *testing.T, events <-chan Event) Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(patience):
		t.Fatal("no event")
		panic("unreachable")
	}
}

func TestSupervisorPassesEvents(t *testing.T) {
	t.Parallel()
	events, _ := superviseChild(t, "one tap")
	for _, want := range []EventKind{EventReady, EventEntered, EventTap} { // no Beat
		e := next(t, events)
		if e.Kind != want {
			t.Fatalf("got %+v, want %s", e, want)
		}
		if want != EventReady && (e.Tap.UID != aTap.UID || e.Tap.Chip != aTap.Chip || e.Tap.Entered.IsZero()) {
			t.Errorf("%s: got %+v, want %+v", want, e.Tap, aTap)
		}
	}
}

// How a child may end, and what is told of it.
func TestSupervisorFaults(t *testing.T) {
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
				e := next(t, events)
				if e.Kind != want {
					t.Fatalf("got %+v, want %s", e, want)
				}
				if torn := tt.child != "dies between taps"; want == EventTap && torn {
					if e.Tap.UID != aTap.UID || e.Tap.Reason != scan.ReasonTorn || e.Tap.Read.IsZero() {
						t.Errorf("got %+v, want it torn", e.Tap)
					}
				}
			}
			fault := next(t, events)
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

func TestSupervisorWithoutAProgram(t *testing.T) {
	t.Parallel()
	events := make(chan Event)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		(&Supervisor{Command: []string{"/nonexistent/tagbase-edge"}}).Run(ctx, events)
	}()
	for range 2 {
		if e := next(t, events); e.Kind != EventFault || e.Err == nil || e.Missing {
			t.Errorf("got %+v, want a fault", e)
		}
	}
	cancel()
	<-ended
}

// A child that ends at once is started again, later each time.
func TestSupervisorRestarts(t *testing.T) {
	t.Parallel()
	events, _ := superviseChild(t, "exits")
	least := []time.Duration{firstDelay, 2 * firstDelay, 4 * firstDelay}
	next(t, events)
	for i, want := range least {
		last := time.Now()
		next(t, events)
		if got := time.Since(last); got < want || got > want+5*time.Second {
			t.Errorf("fault %d came after %v, want %v and what a start takes", i+2, got, want)
		}
	}
}

// The end closes the child's input, and kills it if it does not heed that. No
// process is left, not even a zombie.
func TestSupervisorEnds(t *testing.T) {
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
			pid, err := strconv.Atoi(next(t, events).Tap.UID)
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

// A child's end that nobody listens to does not hold up the end.
func TestSupervisorEndsUnheard(t *testing.T) {
	t.Parallel()
	for _, child := range []string{"one tap", "dies in a tap"} {
		_, stop := superviseChild(t, child)
		stop()
	}
}

// What a child said that nobody heard leaves nothing behind.
func TestSupervisorLeavesNothing(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for _, child := range []string{"one tap", "dies in a tap", "babbles", "floods"} {
		events, stop := superviseChild(t, child)
		next(t, events)
		stop()
	}
	settles(t, "goroutines", goroutines, runtime.NumGoroutine)
	settles(t, "descriptors", files, func() int { return descriptors(t) })
}

// settles waits for what others close a moment later.
func settles(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	for deadline := time.Now().Add(patience); count() > want; <-time.After(ms) {
		if time.Now().After(deadline) {
			t.Fatalf("%d %s, want %d", count(), what, want)
		}
	}
}

// A daemon that is busy for longer than a child may be silent loses nothing,
// and does not take the child for a silent one.
func TestSupervisorOfASlowListener(t *testing.T) {
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
func TestSupervisorOfASilentChild(t *testing.T) {
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

// The daemon's death is the end of the child's input.
func TestChildEndsWithItsInput(t *testing.T) {
	t.Parallel()
	r := simulatedRig(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "child", "reader", r.device)
	life, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, string(EventReady)) {
		t.Errorf("got %q, %v, want %s", line, err, EventReady)
	}
	life.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
}

// From the antenna to the daemon, over a child's death.
func TestSupervisorOfAReader(t *testing.T) {
	t.Parallel()
	r := simulatedRig(t)
	chip := simchip.NewNTAG424(uid424, key1, key2, url424)
	events, _ := superviseChild(t, "reader", r.device)
	if e := next(t, events); e.Kind != EventReady {
		t.Fatalf("got %+v, want %s", e, EventReady)
	}
	before := time.Now()
	r.field.Put(chip)
	if e := next(t, events); e.Kind != EventEntered || e.Tap.UID != fmt.Sprintf("%x", uid424) {
		t.Errorf("got %+v, want %s", e, EventEntered)
	}
	proved, e := next(t, events), next(t, events)
	if proved.Kind != EventURL || e.Kind != EventTap || proved.Tap.URL != e.Tap.URL {
		t.Fatalf("got %+v and %+v, want %s and %s", proved, e, EventURL, EventTap)
	}
	if err := genuineTags[0].verify(e.Tap.URL, chip); err != nil {
		t.Error(err)
	}
	if e.Tap.Entered.Before(before.Add(-20*ms)) || e.Tap.Read.Before(e.Tap.Entered) || e.Tap.Read.After(time.Now().Add(20*ms)) {
		t.Errorf("put at %v, entered %v, read %v", before, e.Tap.Entered, e.Tap.Read)
	}
	r.stop()
	for { // its socket is gone
		if e := next(t, events); e.Kind == EventFault && e.Missing {
			break
		}
	}
}

// A reader that is not there is told of and looked for until it comes.
func TestChildOfAMissingReader(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	path := filepath.Join(t.TempDir(), "s")
	go func() { ended <- Child(ctx, simulatedPrefix+path, TwoTaps, nil, out) }()
	lines := bufio.NewScanner(in)
	await := func(kind EventKind) (e Event) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("no line, %v", lines.Err())
		}
		e, err := decodeEvent(lines.Bytes())
		if err != nil || e.Kind != kind {
			t.Fatalf("got %+v, %v, want %s", e, err, kind)
		}
		return e
	}
	for range 3 {
		if e := await(EventFault); !e.Missing || !strings.Contains(e.Err.Error(), path) {
			t.Errorf("got %+v, want it missing, by name", e)
		}
	}
	listener, err := simreader.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	go simreader.ServeSocket(ctx, listener, simantenna.NewField(), nil)
	for e := (Event{Kind: EventFault}); e.Kind == EventFault; {
		if !lines.Scan() {
			t.Fatal("the child ended")
		}
		if e, err = decodeEvent(lines.Bytes()); err != nil || e.Kind != EventFault && e.Kind != EventReady {
			t.Fatalf("got %+v, %v, want it ready", e, err)
		}
	}
	cancel()
	go io.Copy(io.Discard, in)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Whoever does not read the child's events any more ends it.
func TestChildWithoutAReader(t *testing.T) {
	before := descriptors(t)
	onEachRig(t, func(t *testing.T, r *rig) {
		in, out := io.Pipe()
		in.CloseWithError(errBroken)
		if err := Child(t.Context(), r.device, TwoTaps, nil, out); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
		r.stop()
		settles(t, "descriptors", before, func() int { return descriptors(t) })
	})
}

func TestFirstWords(t *testing.T) {
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
