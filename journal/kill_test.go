// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
)

// TestMain also runs the daemon that TestKilledDaemonKeepsItsPromises kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("JOURNAL_TEST_DIR"); dir != "" {
		writeUntilKilled(dir)
		return
	}

	os.Exit(m.Run())
}

// writeUntilKilled prints the number of every intent that it has waited for, until it is killed.
func writeUntilKilled(dir string) {
	j, _ := Open(dir, killed)
	for {
		seq := j.NextSeq()
		if err := <-j.Intend(intentOf(seq, "a")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}

		fmt.Println(seq)
		j.Finish(scanOf(seq, "a"))
	}
}

var killed = Options{SegmentSize: 64 << 10, Segments: 1000}

// A daemon is killed at random moments. Every intent that it has waited for is there,
// once, and it continues after them. The environment variable KILLS sets how often; 200
// without it.
func TestKilledDaemonKeepsItsPromises(t *testing.T) {
	kills := 200
	if v := os.Getenv("KILLS"); v != "" {
		var err error
		if kills, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}

	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	promised := 0
	for done := 0; done < kills; done += 10 {
		dir := t.TempDir()
		given := make(map[uint64]bool)
		for range 10 {
			for _, seq := range runAndKill(t, dir, time.Duration(random.IntN(12000))*time.Microsecond) {
				if given[seq] {
					t.Fatalf("number %d was given twice", seq)
				}

				given[seq] = true
			}
		}

		checkPromises(t, dir, given)
		promised += len(given)
	}

	t.Logf("%d kills, %d promised", kills, promised)
	if promised < kills {
		t.Errorf("%d promised in %d lives: they end too early", promised, kills)
	}
}

// checkPromises checks that every given number is there once, and no scan that was not written.
func checkPromises(t *testing.T, dir string, given map[uint64]bool) {
	j, past := Open(dir, killed)
	mustClose(t, j)
	found := make(map[uint64]int)
	for _, s := range past.Scans {
		found[s.Seq]++
		if s != scanOf(s.Seq, "a") && s != lostOf(s.Seq, "a") {
			t.Fatalf("scan %d was never written: %+v", s.Seq, s)
		}
	}

	for seq := range given {
		if found[seq] != 1 {
			t.Errorf("scan %d is there %d times", seq, found[seq])
		}
	}

	if counts := j.Counts(); counts != (Counts{}) {
		t.Errorf("counts %+v, want none", counts)
	}
}

// runAndKill runs a daemon, kills it some time after its first line, and returns the numbers that
// it printed.
func runAndKill(t *testing.T, dir string, after time.Duration) (promised []uint64) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	// A daemon that prints nothing is killed, too: its end is the end of the lines.
	kill := time.AfterFunc(await.Patience, func() { cmd.Process.Kill() })
	defer kill.Stop()

	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}

		seq, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if promised == nil {
			kill.Reset(after)
		}

		promised = append(promised, seq)
	}

	cmd.Wait()
	if promised == nil {
		t.Fatal("the daemon printed no number")
	}
	return promised
}
