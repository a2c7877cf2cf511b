// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
)

// tally is what became of the cases.
var tally struct{ passed, failed int }

// announceSkip says so where `go test` without -v would not.
func announceSkip(why string) { fmt.Printf("\n*** SKIPPED: %s ***\n\n", why) }

// runCase runs one case of a story. A case goes on from where the one before has left
// the machine, so the story ends with the first that fails.
func (r *machineTest) runCase(name string, tell func(r *machineTest)) {
	if r.Failed() {
		return
	}

	began := time.Now()
	ran := false
	ok := r.Run(name, func(t *testing.T) {
		ran = true
		c := *r
		c.T = t
		tell(&c)
		r.log, r.config = c.log, c.config
	})

	if !ran {
		return // -run chose others
	}

	word := "ok  "
	if tally.passed++; !ok {
		tally.passed--
		tally.failed++
		word = "FAIL"
	}

	fmt.Printf("%s %6.1f s  %s\n", word, time.Since(began).Seconds(), name)
}

func TestMain(m *testing.M) {
	await.Patience = 3 * patience // an emulated board is slow

	status := m.Run()
	if status != 0 && tally.failed == 0 {
		tally.failed++ // before the first case
	}
	fmt.Printf("%d passed, %d failed\n", tally.passed, tally.failed)
	if status == 0 && tally.failed > 0 {
		status = 1
	}

	os.Exit(status)
}
