// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"encoding/hex"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// smallestHeap is smallHeap for the reader's process, which holds next to nothing.
const smallestHeap = 10

// lastGrace is how long the reader's process has to close its device after its daemon is gone.
const lastGrace = time.Second

// RunReader is the reader's process, in which libnfc lives: it reads tags and writes events to
// standard output. Standard input is its lifeline. When that ends, so does the process, even
// from within a C call. resting is the UID, in hex, of a tag that was read before, or "".
func RunReader(device string, liveness reader.Liveness, resting string) error {
	debug.SetGCPercent(smallestHeap)

	// While a call into C blocks and there is another processor to use, Go's own monitor wakes up
	// every 20 µs: most of what an empty field costs.
	runtime.GOMAXPROCS(1)

	// A terminal and systemd signal both processes, and the daemon decides when this one ends.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)

	// Started as /proc/self/exe the process is called "exe", which does not say who holds a port.
	_ = os.WriteFile("/proc/self/comm", []byte("tagbase-edge"), 0) // only a name

	var uid []byte // nil if no tag was read before
	if resting != "" {
		var err error
		if uid, err = hex.DecodeString(resting); err != nil {
			return err
		}
	}

	// The goroutine ends with standard input, and then gives the process its last second.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
		time.AfterFunc(lastGrace, func() { os.Exit(1) })
	}()
	return reader.Child(ctx, device, liveness, uid, os.Stdout)
}
