// SPDX-License-Identifier: Apache-2.0

// Command tagbase-edge is the station's daemon and the technician's commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

const (
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // EX_CONFIG, sysexits.h
)

// An exitError ends the program with a status and no more words: they are said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	err := command().ExecuteContext(context.Background())
	var status exitError
	switch {
	case err == nil:
	case errors.As(err, &status):
		os.Exit(int(status))
	default:
		fmt.Fprintln(os.Stderr, "tagbase-edge:", err)
		os.Exit(exitUsage)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "tagbase-edge",
		Short:         "Reads a tag, asks the platform whether it is genuine, and lights a lamp",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), checkCommand(), statusCommand(), setupCommand(), doctorCommand(), scansCommand(), sessionCommand(), ledsCommand(), versionCommand(), readerCommand(), tryCommand())
	root.AddCommand(buildCommands()...)
	completions(root)
	return root
}

func configFlag(c *cobra.Command) *string {
	return c.Flags().String("config", defaultConfig, "the configuration `FILE`")
}
