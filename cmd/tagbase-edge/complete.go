// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/doctor"
)

// completions has shells offer what a flag may hold.
func completions(root *cobra.Command) {
	offers := map[string]cobra.CompletionFunc{
		"config":   ends("toml"),
		"outcome":  cobra.FixedCompletions(outcomeNames(), cobra.ShellCompDirectiveNoFileComp),
		"since":    fixed("10m", "1h", "24h"),
		"device":   ports,
		"green":    fixed(usualLines...),
		"red":      fixed(usualLines...),
		"amber":    fixed(usualLines...),
		"set":      keysToSet,
		"key":      nil, // files
		"key-file": nil,
	}
	for _, c := range root.Commands() {
		completions(c)
		for flag, offer := range offers {
			if c.Flags().Lookup(flag) != nil && offer != nil {
				_ = c.RegisterFlagCompletionFunc(flag, offer) // fails only without that flag, or if it was done before
			}
		}
	}
}

func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

func ends(suffix string) cobra.CompletionFunc {
	return cobra.FixedCompletions([]string{suffix}, cobra.ShellCompDirectiveFilterFileExt)
}

func ports(*cobra.Command, []string, string) (found []string, _ cobra.ShellCompDirective) {
	for _, c := range doctor.Candidates(os.DirFS("/")) {
		found = append(found, cobra.CompletionWithDesc(c.Connstring, c.Where))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func keysToSet(*cobra.Command, []string, string) (found []string, _ cobra.ShellCompDirective) {
	for key := range defaults().settings() {
		found = append(found, key+"=")
	}
	return found, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
