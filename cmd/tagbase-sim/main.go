// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	// A signal cancels the command's context: every command then closes what it opened, and its files go.
	err := rootCommand().ExecuteContext(ctx)
	switch {
	case err == nil:
	case errors.Is(err, errUnexpected):
		// The story has already printed which tap it was.
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "tagbase-sim:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "tagbase-sim",
		Short: "Tags, a reader, lamps and a platform, without hardware",
		Example: `  tagbase-sim story --daemon bin/tagbase-edge   run a real station and show what it does
  tagbase-sim bench                             set up everything but the station
  tagbase-sim tap genuine-424 --socket …        hold a tag to that bench's reader`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}

	// In the order in which a newcomer wants them.
	root.AddCommand(storyCommand(), benchCommand(), readerCommand(), platformCommand(),
		tagsCommand(), putCommand(), tapCommand(), removeCommand())
	return root
}

// inTempDir calls f with a new directory and removes the directory afterwards.
func inTempDir(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "tagbase-bench-")
	if err != nil {
		return err
	}
	return errors.Join(f(dir), os.RemoveAll(dir))
}
