// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// programTexts is every text in the program's source, tests and bench left out.
func programTexts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && (d.Name() == "sim" || d.Name() == "tagbase-sim" || d.Name() == "tagbase-perf") {
			return fs.SkipDir
		}

		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}

		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}

		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Error(err)
				}

				all.WriteString(text + "\n")
			}

			return true
		})

		return nil
	})

	if err != nil {
		t.Fatal(err)
	}

	return all.String()
}

var quotedFirst = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// What docs/troubleshooting.md quotes the program says, word by word.
func TestTroubleshootingQuotesWhatTheProgramSays(t *testing.T) {
	b, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}

	said := programTexts(t)
	said += strings.ReplaceAll(said, "%d", "302")

	quotes := quotedFirst.FindAllStringSubmatch(string(b), -1)
	if len(quotes) < 40 {
		t.Errorf("only %d quotes", len(quotes))
	}

	for _, q := range quotes {
		if !strings.Contains(said, q[1]) {
			t.Errorf("no program says %q", q[1])
		}
	}
}

var (
	documentLink = regexp.MustCompile(`\]\(([^)#]+)\)`)
	ownCommand   = regexp.MustCompile("tagbase-edge (run|[a-z]+(?: off| test)?)((?: --?[a-z-]+)*)")
)

// Documents name files, commands and flags that there are.
func TestDocumentsNameExistingFilesCommandsAndFlags(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(documents) < 8 {
		t.Fatal(documents, err)
	}

	for _, document := range append(documents, "../../README.md") {
		b, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}

		for _, m := range documentLink.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), m[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}

		for line := range strings.Lines(string(b)) {
			code := strings.HasPrefix(line, "    ") || strings.Contains(line, "`tagbase-edge ") ||
				strings.Contains(line, "`sudo tagbase-edge ")
			m := ownCommand.FindStringSubmatch(line)
			others := strings.Contains(line, "systemctl") || strings.Contains(line, "journalctl") ||
				strings.Contains(line, "apt ")
			if !code || m == nil || others {
				continue
			}

			c, _, err := command().Find(strings.Fields(m[1]))
			if err != nil || c == c.Root() {
				t.Errorf("%s: no command %q", document, m[1])
				continue
			}

			for flag := range strings.FieldsSeq(m[2]) {
				if c.Flags().Lookup(strings.TrimLeft(flag, "-")) == nil {
					t.Errorf("%s: %s has no flag %s", document, c.CommandPath(), flag)
				}
			}
		}
	}
}

// Setup takes the flags that docs/install.md gives it.
func TestSetupTakesTheFlagsOfTheInstallGuide(t *testing.T) {
	b, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}

	_, text, ok := strings.Cut(string(b), "tagbase-edge setup --yes ")
	if !ok {
		t.Fatal("no example for a playbook")
	}

	text, _, _ = strings.Cut(text, "\n\n")
	if err := setupCommand().ParseFlags(strings.Fields("--yes " + strings.ReplaceAll(text, "\\\n", " "))); err != nil {
		t.Error(err)
	}
}

var serviceRow = regexp.MustCompile(`(?m)^\| ([1-7]) \| ([^|]+) \|`)

// The lamp card names the service codes as README.md does.
func TestLampCardNamesServiceCodesAsTheReadme(t *testing.T) {
	card, err := os.ReadFile("../../docs/lamp-card.svg")
	if err != nil {
		t.Fatal(err)
	}

	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}

	rows := serviceRow.FindAllStringSubmatch(string(readme), -1)
	if len(rows) != 7 {
		t.Fatalf("%d service codes in README.md", len(rows))
	}

	for _, row := range rows {
		number := strings.Index(string(card), ">"+row[1]+"</text>")
		words := strings.Index(string(card), ">"+row[2]+"</text>")
		if number < 0 || words < number {
			t.Errorf("service code %s, %s, is not on the card", row[1], row[2])
		}
	}
}
