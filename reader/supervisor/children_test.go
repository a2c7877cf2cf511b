// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// The test binary is its own child process: "child NAME" is one of these.
var children = map[string]func(args []string){
	"reader": func(args []string) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { untilInputEnds(); cancel() }()
		if reader.Child(ctx, args[0], reader.TwoTaps, nil, os.Stdout) != nil {
			os.Exit(1)
		}
	},
	"one tap": func([]string) {
		emitFromChild(reader.Event{Kind: reader.EventReady})
		emitFromChild(reader.Event{Kind: reader.EventBeat})
		emitFromChild(reader.Event{Kind: reader.EventEntered, Tap: aTap})
		emitFromChild(reader.Event{Kind: reader.EventTap, Tap: aTap})
		untilInputEnds()
	},
	"dies in a tap": func([]string) {
		emitFromChild(reader.Event{Kind: reader.EventEntered, Tap: aTap})
		emitFromChild(reader.Event{Kind: reader.EventURL, Tap: aTap})
		os.Exit(3)
	},
	"dies between taps": func([]string) {
		emitFromChild(reader.Event{Kind: reader.EventEntered, Tap: aTap})
		emitFromChild(reader.Event{Kind: reader.EventTap, Tap: aTap})
		os.Exit(3)
	},
	"says why": func([]string) {
		emitFromChild(reader.Event{Kind: reader.EventFault, Err: errors.New("unplugged"), Missing: true})
		os.Exit(1)
	},
	"exits":     func([]string) {},
	"exits 3":   func([]string) { os.Exit(3) },
	"complains": func([]string) { os.Stderr.WriteString("\nabort: NAD\nmore\n"); os.Exit(3) },
	"rants":     func([]string) { os.Stderr.WriteString(strings.Repeat("x", 1<<20)); os.Exit(3) },
	"aborts":    func([]string) { syscall.Kill(os.Getpid(), syscall.SIGABRT); select {} },
	"silent": func([]string) {
		emitFromChild(reader.Event{Kind: reader.EventEntered, Tap: aTap})
		untilInputEnds()
	},
	"babbles":    func([]string) { os.Stdout.WriteString("error libnfc.bus\n"); untilInputEnds() },
	"never ends": func([]string) { writeForEver(strings.Repeat("x", 1000)) },
	"half a line": func([]string) {
		os.Stdout.WriteString(`{"kind":"be`)
		os.Exit(3)
	},
	"floods": func([]string) {
		for {
			emitFromChild(reader.Event{Kind: reader.EventTap, Tap: aTap})
		}
	},
	"ignores the end": func([]string) {
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		emitFromChild(ownPID())
		for {
			emitFromChild(reader.Event{Kind: reader.EventBeat})
			time.Sleep(100 * time.Millisecond)
		}
	},
	"says who": func([]string) {
		emitFromChild(ownPID())
		untilInputEnds()
	},
	"ends slowly": func([]string) {
		emitFromChild(ownPID())
		untilInputEnds()
		time.Sleep(grace / 2)
	},
}

var aTap = reader.Tap{UID: "04de5f1eacc040", Chip: reader.ChipNTAG424, Entered: time.Now()}

// ownPID is an event that names the process it comes from.
func ownPID() reader.Event {
	return reader.Event{Kind: reader.EventTap, Tap: reader.Tap{UID: strconv.Itoa(os.Getpid())}}
}

func emitFromChild(e reader.Event) {
	line, err := reader.EncodeEvent(e)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(line)
}

func writeForEver(text string) {
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
