// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/daemon"
	"github.com/tagbase/tagbase-edge/reader"
)

// readerCommand is the child process in which libnfc lives. The daemon starts it.
func readerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "reader DEVICE LIVENESS [UID]",
		Short:  "Read tags and write them to standard output (internal)",
		Args:   cobra.RangeArgs(2, 3),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			resting := ""
			if len(args) == 3 {
				resting = args[2]
			}
			if err := daemon.RunReader(args[0], reader.Liveness(args[1]), resting); err != nil {
				return exitError(exitFailed) // the last event has said why
			}
			return nil
		},
	}
}

// tryReaderCommand is the child process in which the doctor tries the reader.
func tryReaderCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "try-reader DEVICE",
		Short:  "Try the reader step by step, and end (internal)",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return reader.SelfTest(args[0], os.Stdout) },
	}
}
