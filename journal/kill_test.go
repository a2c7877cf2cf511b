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
)

// TestMain is also the daemon that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("JOURNAL_TEST_DIR"); dir != "" {
		testOnlyWrite(dir)
		return
	}
	os.Exit(m.Run())
}

// testOnlyWrite says what it has been promised, one line each, until it is killed.
func testOnlyWrite(dir string) {
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

// TestKill kills a daemon at a random moment, again and again: what it was
// promised is there, once, and it goes on after it. KILLS is how often, 200 if
// that is not set.
func TestKill(t *testing.T) {
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
			for _, seq := range killOne(t, dir, time.Duration(random.IntN(12000))*time.Microsecond) {
				if given[seq] {
					t.Fatalf("number %d was given twice", seq)
				}
				given[seq] = true
			}
		}
		stays(t, dir, given)
		promised += len(given)
	}
	t.Logf("%d kills, %d promised", kills, promised)
	if promised < kills {
		t.Errorf("%d promised in %d lives: they end too early", promised, kills)
	}
}

// stays checks that what was given is there, once, and nothing that was not written.
func stays(t *testing.T, dir string, given map[uint64]bool) {
	j, past := Open(dir, killed)
	closed(t, j)
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

// killOne runs a daemon until a while after its first line.
func killOne(t *testing.T, dir string, after time.Duration) (promised []uint64) {
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
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
		promised = append(promised, seq)
	}
	cmd.Wait()
	return promised
}
