// SPDX-License-Identifier: Apache-2.0

package buildinfo

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var setFlag = regexp.MustCompile(`-X (\S+)\.(version|built)=`)

// The linker ignores an -X flag whose name does not exist, so the flags that the build
// scripts really use are tried on a program that prints what became of them.
func TestBuildScriptsSetVersionAndTime(t *testing.T) {
	for _, script := range []string{"packaging/build", "packaging/deb", "Makefile"} {
		t.Run(script, func(t *testing.T) {
			text, err := os.ReadFile("../../" + script)
			if err != nil {
				t.Fatal(err)
			}

			var flags []string
			for _, m := range setFlag.FindAllStringSubmatch(string(text), -1) {
				value := map[string]string{"version": "v1.2.3-4", "built": "1700000000"}[m[2]]
				flags = append(flags, m[0]+value)
			}

			program := exec.Command("go", "run", "-ldflags", strings.Join(flags, " "), "./testdata/print.go")
			out, err := program.CombinedOutput()
			if want := "v1.2.3-4 1700000000"; err != nil || string(out) != want {
				t.Errorf("with %q the program prints %q (%v), want %q", flags, out, err, want)
			}
		})
	}
}

func TestWithoutLinkerFlags(t *testing.T) {
	if Version() != "unversioned" || Time().Unix() != 0 {
		t.Errorf("version %q of %v", Version(), Time())
	}
}
