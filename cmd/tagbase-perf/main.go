// SPDX-License-Identifier: Apache-2.0

// Command tagbase-perf measures a station on the bench, from tap to verdict,
// and writes docs/performance.md. It is never installed on a station.
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
)

// benchProcs is more than the bench has to do at once. With as many as there are processors Go has whoever waits for a file
// wait for up to 10 ms longer while others are at work, and lamps were seen 5 ms late.
const benchProcs = 8

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tagbase-perf:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	m := new(measurement)
	c := &cobra.Command{
		Use:           "tagbase-perf",
		Short:         "Measure a station, and what a user would otherwise have, from tap to verdict",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			m.out, m.progress = c.OutOrStdout(), c.ErrOrStderr()
			if m.taps < 1 {
				return fmt.Errorf("--taps %d: at least 1", m.taps)
			}
			if m.into != "" && m.only != "" {
				return errors.New("--into takes the figures of all series: leave out --only")
			}

			runtime.GOMAXPROCS(benchProcs)
			if m.dir, err = os.MkdirTemp("", "tagbase-perf-"); err != nil {
				return err
			}
			return errors.Join(m.run(c.Context()), os.RemoveAll(m.dir))
		},
	}

	c.Flags().StringVar(&m.program, "daemon", "bin/tagbase-edge", "the station's `PROGRAM`")
	c.Flags().IntVar(&m.taps, "taps", 500, "number of `TAPS` in each series")
	c.Flags().BoolVar(&m.anyway, "anyway", false, "measure on a busy machine, too; the figures are worth nothing")
	c.Flags().StringVar(&m.into, "into", "", "write the figures into performance.md in `DIRECTORY`, and performance.svg beside it")
	c.Flags().DurationVar(&m.idle, "idle", time.Minute, "how long to measure the processor time of a station that nobody taps")
	c.Flags().StringVar(&m.only, "only", "", "only the series whose name holds `TEXT`")
	c.AddCommand(plainCommand())
	return c
}
