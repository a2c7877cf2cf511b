// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
)

// A machineTest is a machine with a bench around it, and one story told in cases.
type machineTest struct {
	*testing.T
	machine machine
	bench   *sim.Bench
	log     *stream // of the unit tagbase-edge
	config  string  // the station's configuration; "" is the bench's own
}

// patience is how long a case waits for what must come; an emulated board is some
// twenty times slower than a real one.
const patience = 60 * time.Second

// unit is the station's service.
const unit = "tagbase-edge"

var (
	green = sim.Lit{sim.Green: true}
	red   = sim.Lit{sim.Red: true}
	amber = sim.Lit{sim.Amber: true}
	dark  = sim.Lit{}
)

// skipUnlessPossible skips, loudly, what this machine cannot run.
func skipUnlessPossible(t *testing.T, files ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		announceSkip("needs root")
		t.Skip("SKIPPED: needs root")
	}

	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			announceSkip(err.Error())
			t.Skip("SKIPPED:", err)
		}
	}
}

// mustRun runs a script on the machine that must succeed.
func (r *machineTest) mustRun(format string, args ...any) string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 3*patience)
	defer cancel()
	out, err := output(ctx, r.machine, fmt.Sprintf(format, args...))
	if err != nil {
		r.Fatal(err)
	}

	return out
}

// mustFail runs a script on the machine that must fail, and returns what it printed on standard output.
func (r *machineTest) mustFail(format string, args ...any) string {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 3*patience)
	defer cancel()
	out, err := output(ctx, r.machine, fmt.Sprintf(format, args...))
	if err == nil {
		r.Fatalf("%s: did not fail: %s", fmt.Sprintf(format, args...), out)
	}

	return out
}

// write puts a file onto the machine.
func (r *machineTest) write(path string, mode int, content string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	cmd := r.machine.Command(ctx, fmt.Sprintf("umask 077 && cat >%s && chmod %04o %s", path, mode, path))
	cmd.Stdin = strings.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("%s: %v: %s", path, err, out)
	}
}

func (r *machineTest) copy(from, to string) {
	r.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		r.Fatal(err)
	}
	r.write(to, 0o644, string(b))
}

// followLog begins to follow the unit's log.
func (r *machineTest) followLog(ctx context.Context) {
	r.Helper()
	var err error
	r.log, err = follow(ctx, r.machine, "exec journalctl -u "+unit+" -o cat --boot -f -n all", nil)
	if err != nil {
		r.Fatal(err)
	}
}

func (r *machineTest) awaitLog(texts ...string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()

	err := r.log.await(ctx, func(line string) bool {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				return false
			}
		}
		return true
	})
	if err != nil {
		r.Fatalf("waiting for %q in the log: %v\n%s", texts, err, r.log.end())
	}
}

// awaitReader waits until systemctl status says that the reader is ready.
func (r *machineTest) awaitReader() {
	r.Helper()
	r.eventually("systemctl show -p StatusText " + unit + " | grep -qE 'reader ready|service code [3-7]'")
}

// awaitStart waits for a start, and for its reader.
func (r *machineTest) awaitStart() {
	r.Helper()
	r.awaitLog(`"msg":"start"`)
	r.awaitReader()
}

// put lays a tag of the bench on the reader.
func (r *machineTest) put(tag string) {
	r.Helper()
	chip, ok := r.bench.Tags.Find(tag)
	if !ok {
		r.Fatalf("no tag %q", tag)
	}
	r.bench.Field.Put(chip)
}

// takeAway removes the tag, and waits until the reader has seen for 400 ms that nothing is there: after 300 ms a tag
// has left.
func (r *machineTest) takeAway() {
	r.Helper()
	r.bench.Field.Remove()

	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := r.bench.Field.AwaitSeenEmpty(ctx, 400*time.Millisecond); err != nil {
		r.Fatalf("the reader does not see that the tag has left: %v", err)
	}
}

func (r *machineTest) nextScan() (scan sim.ScanLine) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()

	err := r.log.await(ctx, func(line string) bool {
		scan = sim.ScanLine{}
		return json.Unmarshal([]byte(line), &scan) == nil && scan.Msg == "scan"
	})
	if err != nil {
		r.Fatalf("waiting for a scan: %v\n%s", err, r.log.end())
	}

	return scan
}

// tap holds a tag to the reader until its scan is finished, which must be of an outcome.
func (r *machineTest) tap(tag, outcome string) sim.ScanLine {
	r.Helper()
	scan := r.readScan(tag)
	r.takeAway()
	if scan.Outcome != outcome {
		r.Fatalf("%s is %s %s, want %s\n%s", tag, scan.Outcome, scan.Reason, outcome, r.log.end())
	}

	return scan
}

// readScan holds a tag to the reader until its read is complete, and leaves it there. A tap has 600 ms for its read,
// which an emulated board on a busy machine may miss. Then the tap is torn, nothing was posted, and the tag is held to
// the reader again, as a person would do.
func (r *machineTest) readScan(tag string) sim.ScanLine {
	r.Helper()
	for again := range 5 {
		if again > 0 {
			r.takeAway()
		}

		r.put(tag)
		if scan := r.nextScan(); scan.Reason != "torn" {
			return scan
		}
	}

	r.Fatalf("%s: five taps in a row were torn\n%s", tag, r.log.end())

	return sim.ScanLine{}
}

// twoTaps is pending, then valid in the same session, then green.
func (r *machineTest) twoTaps() {
	r.Helper()
	first := r.tap("genuine-424", "pending")
	r.greenAfter(first.Session)
}

// greenAfter is the tap that ends a session.
func (r *machineTest) greenAfter(session string) {
	r.Helper()
	scan := r.readScan("genuine-424")
	if scan.Outcome != "valid" || scan.CarriedSession != session {
		r.Fatalf("the second tap is %s %s in %q, want valid in %q\n%s", scan.Outcome, scan.Reason,
			scan.CarriedSession, session, r.log.end())
	}

	r.awaitLamps(green)
	r.takeAway()
}

// awaitLamps waits until exactly these lamps are lit.
func (r *machineTest) awaitLamps(want sim.Lit) { r.Helper(); r.awaitLampsWithin(want, patience) }

func (r *machineTest) awaitLampsWithin(want sim.Lit, within time.Duration) {
	r.Helper()
	deadline := time.After(within)

	for {
		_, news := r.bench.Lamps.Changes(0)
		if r.bench.Lamps.Lit() == want {
			return
		}

		select {
		case <-news:
		case <-deadline:
			r.Fatalf("lamps %v, want %v (green, red, amber)", r.bench.Lamps.Lit(), want)
		}
	}
}

// unitProperty is a property of the unit.
func (r *machineTest) unitProperty(property string) string {
	r.Helper()
	return r.mustRun("systemctl show --value -p %s %s", property, unit)
}

func (r *machineTest) unitNumber(property string) int {
	r.Helper()
	text := r.unitProperty(property)
	n, err := strconv.Atoi(text)
	if err != nil {
		r.Fatalf("%s is %q", property, text)
	}

	return n
}

// eventually waits until a condition on the machine holds.
func (r *machineTest) eventually(script string) {
	r.Helper()
	r.mustRun("i=0; until %s; do "+
		"i=$((i+1)); [ $i -lt 100 ] || { systemctl status --no-pager %s; exit 1; }; sleep 0.2; "+
		"done", script, unit)
}
