// SPDX-License-Identifier: Apache-2.0

//go:build pages

package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
)

// buildCommands are the commands that only the build of a package needs. They have a build tag,
// since cobra's generator of manual pages takes 640 KB of 9.6 MB, and both of a station's
// processes would hold it in memory.
func buildCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use:    "pages DIR",
		Short:  "Write manual pages and completions below DIR",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE:   func(c *cobra.Command, args []string) error { return writePages(args[0]) },
	}}
}

// writePages writes man/*.8 and completion/, in which each file has the name that its shell looks for.
func writePages(dir string) error {
	man, completion := filepath.Join(dir, "man"), filepath.Join(dir, "completion")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(completion, 0o755)); err != nil {
		return err
	}

	// The date is that of the commit: two builds of one commit give the same bytes.
	root := command()
	root.DisableAutoGenTag = true
	root.CompletionOptions.DisableDefaultCmd = true
	date := buildinfo.Time()
	err := doc.GenManTree(root, &doc.GenManHeader{
		Title: "TAGBASE-EDGE", Section: "8", Date: &date, Source: "tagbase-edge " + buildinfo.Version(),
		Manual: "tagbase-edge",
	}, man)
	if err != nil {
		return err
	}

	// A new one: above, the default completion command was left out.
	root = command()
	return errors.Join(
		root.GenBashCompletionFileV2(filepath.Join(completion, "tagbase-edge"), true),
		root.GenZshCompletionFile(filepath.Join(completion, "_tagbase-edge")),
		root.GenFishCompletionFile(filepath.Join(completion, "tagbase-edge.fish"), true))
}
