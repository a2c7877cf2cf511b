// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// listedCommands are those that a person finds in --help.
func listedCommands(c *cobra.Command) (found []*cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.Hidden {
			continue
		}

		found = append(append(found, sub), listedCommands(sub)...)
	}

	return found
}

func TestEveryCommandHasAnExample(t *testing.T) {
	for _, c := range listedCommands(command()) {
		if c.Runnable() && c.Example == "" && c.Name() != "version" {
			t.Errorf("%s has no example", c.CommandPath())
		}
	}
}

// The examples name flags that there are.
func TestExamplesUseExistingFlags(t *testing.T) {
	for _, c := range listedCommands(command()) {
		for line := range strings.Lines(strings.ReplaceAll(c.Example, "\\\n", " ")) {
			line, _, _ = strings.Cut(line, "#")
			line, _, _ = strings.Cut(line, "|")
			_, args, ok := strings.Cut(line, c.CommandPath())
			if !ok {
				continue
			}

			var words []string
			for word := range strings.FieldsSeq(args) {
				if !strings.ContainsAny(word, "<>") {
					words = append(words, word)
				}
			}

			if err := c.ParseFlags(words); err != nil {
				t.Errorf("%s: %v", strings.TrimSpace(line), err)
			}
		}
	}
}

// Every command has its manual page, and shells take the completions.
func TestManualPagesAndCompletionsAreWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.Command("go", "run", "-tags", "pages,nolibnfc", ".", "pages", dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	for _, c := range append(listedCommands(command()), command()) {
		page := filepath.Join(dir, "man", strings.ReplaceAll(c.CommandPath(), " ", "-")+".8")
		b, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
			continue
		}

		text := string(b)
		if !strings.Contains(text, ".SH SYNOPSIS") || strings.Contains(text, ".SH EXAMPLE") != (c.Example != "") {
			t.Errorf("%s is not whole:\n%s", page, text)
		}
	}

	for shell, file := range map[string]string{
		"bash": "tagbase-edge",
		"zsh":  "_tagbase-edge",
		"fish": "tagbase-edge.fish",
	} {
		file = filepath.Join(dir, "completion", file)
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
			continue
		}

		if _, err := exec.LookPath(shell); err != nil {
			continue
		}

		if out, err := exec.Command(shell, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

// What a shell asks for when a person presses Tab.
func TestCompletionOffersValues(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":                       {"check", "doctor", "run", "scans", "setup"},
		"d":                      {"doctor"},
		"scans --outcome ":       {"valid", "invalid", "not_sent"},
		"scans --":               {"--follow", "--since", "--json"},
		"setup --set ":           {"station.name=", "page.listen="},
		"setup --green ":         {"GPIO17"},
		"check --config ":        {"toml"},
		"leds ":                  {"off"},
		"setup --entry-point x ": nil,
	} {
		words := append([]string{"__complete"}, strings.Split(line, " ")...)
		out, err := exec.Command("tagbase-edge", words...).Output()
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}

		for _, word := range want {
			if !strings.Contains("\n"+string(out), "\n"+word) {
				t.Errorf("%q does not offer %s:\n%s", line, word, out)
			}
		}

		if strings.Contains(string(out), "try-reader") {
			t.Errorf("%q offers an internal command", line)
		}
	}
}
