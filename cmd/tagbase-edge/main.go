// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/config"
)

const (
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // EX_CONFIG, sysexits.h: the unit does not start it again and again
)

// An exitError sets the exit status; the message has already been printed.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	// No signal ends this context: each command decides what a signal means to it.
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
	root.AddCommand(
		runCommand(), checkCommand(), statusCommand(), setupCommand(), doctorCommand(), scansCommand(),
		sessionCommand(), ledsCommand(), versionCommand(), readerCommand(), tryReaderCommand(), tryHardwareCommand())
	root.AddCommand(buildCommands()...)
	addCompletions(root)
	return root
}

func configFlag(c *cobra.Command) *string {
	return c.Flags().String("config", config.DefaultFile, "the configuration `FILE`")
}

// fail prints an error and returns the exit status for it.
func fail(c *cobra.Command, err error) error {
	fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
	return exitError(exitFailed)
}

// loadReadable reads the configuration for a command that needs no more than its paths. Problems
// with other keys do not matter then.
func loadReadable(c *cobra.Command, file string) (*config.Config, error) {
	cfg, problems := config.Load(file)
	if cfg == nil {
		config.Print(c.ErrOrStderr(), problems)
		return nil, exitError(exitConfig)
	}
	return cfg, nil
}
