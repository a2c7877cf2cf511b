// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package plainloop

import (
	"errors"

	"github.com/spf13/cobra"
)

// Command says why this build cannot measure.
func Command() *cobra.Command {
	return &cobra.Command{
		Use:    "plain-loop",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("this tagbase-perf was built without libnfc: " +
				"install libnfc-dev and build it with CGO_ENABLED=1")
		},
	}
}
