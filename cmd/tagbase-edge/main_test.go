// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be tagbase-edge, race detector and all.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tagbase-edge": main})
}

// TestScripts runs the technician's commands as a person types them.
func TestCommandsAsAPersonTypesThem(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
