// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Start tags, reader, lamps and platform; you start the station yourself",
		Args:  cobra.NoArgs,
	}
	reader := readerFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTempDir(func(dir string) error { return serveBench(c, dir, *reader) })
	}
	return c
}

// serveBench runs a bench in dir until the command's context ends.
func serveBench(c *cobra.Command, dir, reader string) error {
	b, err := sim.NewBench(dir)
	if err != nil {
		return err
	}

	config, err := b.WriteConfig(reader, "")
	if err != nil {
		return errors.Join(err, b.Close())
	}

	fmt.Fprintf(c.OutOrStdout(), `The bench is ready. In a second terminal, start a station on it:
  bin/tagbase-edge run --config %s
In a third, hold a tag to its reader:
  bin/tagbase-sim tap genuine-424 --socket %s
libnfc's own tools find the reader as %s
Ctrl-C stops the bench.
`, config, b.Socket(), b.Device("libnfc"))

	// The bench's own goroutines work from here on; Close ends them.
	<-c.Context().Done()
	return b.Close()
}

// readerFlag is how a command is told by which of the bench's two readers the
// station sees the tags.
func readerFlag(c *cobra.Command) *string {
	return c.Flags().String("reader", "libnfc",
		"the station's `READER`: libnfc (a virtual PN532 on a serial port) or simulated (needs no libnfc)")
}
