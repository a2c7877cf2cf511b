// SPDX-License-Identifier: Apache-2.0

package main

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

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/reader"
)

// lastGrace is what a reader's process is given to close its device.
const lastGrace = time.Second

// readerCommand is the child process in which libnfc lives. Its standard input
// is its life line: when that ends, so does it, even from within a C call.
func readerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "reader DEVICE LIVENESS [UID]",
		Short:  "Read tags and write them to standard output (internal)",
		Args:   cobra.RangeArgs(2, 3),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(smallestHeap)
			// While a call into C blocks and there is another processor to use, Go's own monitor wakes up
			// every 20 µs: most of what an empty field costs.
			runtime.GOMAXPROCS(1)
			// A terminal or systemd signals the whole group; the daemon decides.
			signal.Ignore(os.Interrupt, syscall.SIGTERM)
			// Started as /proc/self/exe it is called "exe", which tells nobody who holds a port.
			_ = os.WriteFile("/proc/self/comm", []byte("tagbase-edge"), 0) // only a name
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				io.Copy(io.Discard, os.Stdin)
				cancel()
				time.AfterFunc(lastGrace, func() { os.Exit(exitFailed) })
			}()
			var resting []byte
			if len(args) == 3 {
				var err error
				if resting, err = hex.DecodeString(args[2]); err != nil {
					return err
				}
			}
			if err := reader.Child(ctx, args[0], reader.Liveness(args[1]), resting, os.Stdout); err != nil {
				return exitError(exitFailed)
			}
			return nil
		},
	}
}

// tryCommand is the child process in which doctor tries the reader.
func tryCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "try-reader DEVICE",
		Short:  "Try the reader step by step, and end (internal)",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return reader.SelfTest(args[0], os.Stdout) },
	}
}
