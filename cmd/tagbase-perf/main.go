// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/cmd/tagbase-perf/plainloop"
)

// benchProcs is more than the bench has to do at once. With only as many as the
// machine has processors, a goroutine that waits for a file waits up to 10 ms
// longer while others work, and the bench saw lamps 5 ms late.
const benchProcs = 8

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	// A signal cancels the context: the series under way stops its programs and removes its files.
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tagbase-perf:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	m := new(measurement)
	c := &cobra.Command{
		Use:   "tagbase-perf",
		Short: "Measure a station from tap to verdict, beside what a user could write instead",
		Example: `  tagbase-perf --into docs                          everything, as "make bench" does
  tagbase-perf --taps 20 --only "station, ntag424"  a look at some series`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			m.out, m.progress = c.OutOrStdout(), c.ErrOrStderr()
			return m.start(c.Context())
		},
	}

	c.Flags().StringVar(&m.program, "daemon", "bin/tagbase-edge", "the station's `PROGRAM`")
	c.Flags().IntVar(&m.taps, "taps", 500, "number of `TAPS` in each series")
	c.Flags().BoolVar(&m.anyway, "anyway", false, "measure on a busy machine, too; the figures are worth nothing")

	c.Flags().StringVar(&m.into, "into", "",
		"write the figures into performance.md and performance-laboratory.md in `DIRECTORY`, and performance.svg")
	c.Flags().DurationVar(&m.idleTime, "idle", time.Minute,
		"how long to measure the processor time of a station that nobody taps")
	c.Flags().StringVar(&m.only, "only", "",
		"measure only the series whose name contains `TEXT`; \"idle\" is the idle station")

	// The plain loop is one of the programs that a station is compared with; it runs in a process of its own.
	c.AddCommand(plainloop.Command())
	return c
}

// start checks the flags, and measures in a directory that is removed at the
// end.
func (m *measurement) start(ctx context.Context) (err error) {
	if m.taps < 1 {
		return fmt.Errorf("--taps %d: at least 1", m.taps)
	}
	if m.into != "" && m.only != "" {
		return errors.New("--into needs the figures of all series: leave out --only")
	}

	// From here on this process is a bench, whose lateness counts.
	runtime.GOMAXPROCS(benchProcs)
	if m.dir, err = os.MkdirTemp("", "tagbase-perf-"); err != nil {
		return err
	}
	return errors.Join(m.run(ctx), os.RemoveAll(m.dir))
}
