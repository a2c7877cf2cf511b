// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// `reader/watch.go`, but not `/etc/tagbase-edge` and not `docs/*.md`
	namedFile = regexp.MustCompile("`([.]?[a-z][\\w-]*(?:/[\\w.@-]+)+)`")
	// `reader.Open()`, `station.Station.serve()`, `scan.Record`; a name without () begins with a capital, as no key
	// does
	namedInCode = regexp.MustCompile("`([a-z]{2,})\\.((?:[A-Za-z]\\w*\\.)?[A-Za-z]\\w*\\(\\)|[A-Z]\\w*)`")
)

// The map of the code and the recipes name files, types and functions that exist.
func TestDocumentsNameTheCode(t *testing.T) {
	known := declarations(t)
	for _, document := range []string{"docs/architecture.md", "CONTRIBUTING.md"} {
		b, err := os.ReadFile(filepath.Join("../..", document))
		if err != nil {
			t.Fatal(err)
		}

		files := namedFile.FindAllStringSubmatch(string(b), -1)
		names := namedInCode.FindAllStringSubmatch(string(b), -1)
		if len(files) < 20 || len(names) < 5 {
			t.Errorf("%s: found only %d files and %d names in code", document, len(files), len(names))
		}

		for _, m := range files {
			if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}

		for _, m := range names {
			if name := m[1] + "." + strings.TrimSuffix(m[2], "()"); !known[name] {
				t.Errorf("%s: no %s in the code", document, name)
			}
		}
	}
}

var (
	// `go test -run Power ./journal`, and the same in the Makefile; "-run TestService || exit" names no package
	testCommand = regexp.MustCompile("-(?:run|bench) '?([A-Z]\\w+)'?(?: [^`\\n]*?[.]/([\\w/-]+))?")
	// `TestReferenceHolds…`: the beginning of a name
	namedTest = regexp.MustCompile("`(Test\\w+)…?`")
)

// A go test whose -run matches nothing passes: every name in the Makefile and in a document is a test.
func TestDocumentsNameTests(t *testing.T) {
	tests := testNames(t)
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}

	found := 0
	for _, document := range append(documents, "../../README.md", "../../CONTRIBUTING.md", "../../Makefile") {
		b, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}

		for _, m := range append(testCommand.FindAllStringSubmatch(string(b), -1),
			namedTest.FindAllStringSubmatch(string(b)+" ", -1)...) {
			room := ""
			if len(m) > 2 {
				room = m[2]
			}

			found++
			if !slices.ContainsFunc(tests, func(name string) bool {
				return strings.HasPrefix(name, room) && strings.Contains(name[strings.LastIndex(name, ".")+1:], m[1])
			}) {
				t.Errorf("%s: no test %s in %q", document, m[1], room)
			}
		}
	}

	if found < 15 {
		t.Errorf("found only %d names of tests", found)
	}
}

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)

// testNames returns every test, such as journal.TestPowerCut.
func testNames(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}

		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}

		room, err := filepath.Rel("../..", filepath.Dir(file))
		for _, m := range testFunction.FindAllSubmatch(b, -1) {
			names = append(names, filepath.ToSlash(room)+"."+string(m[1]))
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return names
}

// declarations returns every type, function, method, constant and variable of our packages, such
// as reader.Open and reader.watch.tap.
func declarations(t *testing.T) map[string]bool {
	t.Helper()
	known := make(map[string]bool)
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}

		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}

		room := path.Base(filepath.ToSlash(filepath.Dir(file)))
		for _, decl := range parsed.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				known[room+"."+receiver(decl)+decl.Name.Name] = true

			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						known[room+"."+spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							known[room+"."+name.Name] = true
						}
					}
				}
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return known
}

// receiver is "watch." for a method of *watch, and "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}

	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if name, ok := typ.(*ast.Ident); ok {
		return name.Name + "."
	}

	return ""
}
