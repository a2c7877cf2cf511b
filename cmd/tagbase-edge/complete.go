// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/setup"
)

// addCompletions has shells offer the values of flags.
func addCompletions(root *cobra.Command) {
	// A flag that is not here takes a file, which shells offer by themselves.
	offers := map[string]cobra.CompletionFunc{
		"config":  ends("toml"),
		"outcome": cobra.FixedCompletions(outcomeNames(), cobra.ShellCompDirectiveNoFileComp),
		"since":   fixed("10m", "1h", "24h"),
		"device":  readerPorts,
		"green":   fixed(setup.UsualLines...),
		"red":     fixed(setup.UsualLines...),
		"amber":   fixed(setup.UsualLines...),
		"set":     keysToSet,
	}

	for _, c := range root.Commands() {
		addCompletions(c)
		for flag, offer := range offers {
			if c.Flags().Lookup(flag) != nil {
				_ = c.RegisterFlagCompletionFunc(flag, offer) // fails only for a flag that does not exist
			}
		}
	}
}

func fixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

func ends(suffix string) cobra.CompletionFunc {
	return cobra.FixedCompletions([]string{suffix}, cobra.ShellCompDirectiveFilterFileExt)
}

// readerPorts offers the ports on which a reader may be.
func readerPorts(*cobra.Command, []string, string) (found []string, _ cobra.ShellCompDirective) {
	for _, c := range doctor.Candidates(os.DirFS("/")) {
		found = append(found, cobra.CompletionWithDesc(c.Connstring, c.Where))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func keysToSet(*cobra.Command, []string, string) (found []string, _ cobra.ShellCompDirective) {
	for _, key := range config.Keys() {
		found = append(found, key+"=")
	}
	return found, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
