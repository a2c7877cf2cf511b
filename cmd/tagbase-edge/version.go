// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/reader"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			libnfc := "with libnfc"
			if !reader.Libnfc {
				libnfc = "without libnfc"
			}
			fmt.Fprintf(c.OutOrStdout(), "tagbase-edge %s (%s %s/%s, %s)\n",
				buildinfo.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, libnfc)
		},
	}
}
