// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func plainCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "plain-loop",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("tagbase-perf was built without libnfc; build it with CGO_ENABLED=1 and libnfc-dev")
		},
	}
}
