// SPDX-License-Identifier: Apache-2.0

// Command tagbase-sim is the bench: tags, readers and a platform, without
// hardware. It is never installed on a station.
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
	root := &cobra.Command{
		Use:   "tagbase-sim",
		Short: "Tags, readers and a platform on the bench",
		Example: `  tagbase-sim bench                       everything, in a directory of its own
  tagbase-sim tap genuine-424 --socket …  hold a tag to the reader and take it away
  tagbase-sim story --daemon bin/tagbase-edge`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(benchCommand(), readerCommand(), platformCommand(), tagsCommand(),
		putCommand(), tapCommand(), removeCommand(), storyCommand())
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
	case errors.Is(err, errUnexpected):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "tagbase-sim:", err)
		os.Exit(1)
	}
}
