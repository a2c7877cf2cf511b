// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/hardwarecheck"
	"github.com/tagbase/tagbase-edge/sim"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// readReport reads the report of a hardware check, and requires that it holds nothing of the bench's tags.
func (r *testStation) readReport(file string) (report hardwarecheck.HardwareReport) {
	r.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		r.Fatal(err)
	}
	if err := json.Unmarshal(b, &report); err != nil {
		r.Fatal(err)
	}

	// The URLs of both tags begin with the entry point, and a message carries it without its scheme.
	entryPoint := strings.TrimPrefix(sim.EntryPoint, "https://")
	secrets := []string{entryPoint, hex.EncodeToString([]byte(entryPoint))}
	for _, name := range []string{"genuine-424", "genuine-223"} {
		tag, _ := r.bench.Tags.Find(name)
		secrets = append(secrets, hex.EncodeToString(tag.Target().UID))
	}
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(string(b)), secret) {
			r.Errorf("the report holds %s:\n%s", secret, b)
		}
	}
	return report
}

// observations returns the assumptions of a report that have that result.
func observations(report hardwarecheck.HardwareReport, result hardwarecheck.Agreement) (found []string) {
	for _, c := range report.Checks {
		for _, f := range c.Observations {
			if f.Result == result {
				found = append(found, c.Name+": "+f.Assumption)
			}
		}
	}
	return found
}

// lay lays tags on the bench's antenna, and nothing else.
func (r *testStation) lay(names ...string) {
	r.Helper()
	var tags []chip.Chip
	for _, name := range names {
		tag, ok := r.bench.Tags.Find(name)
		if !ok {
			r.Fatalf("no tag %q", name)
		}
		tags = append(tags, tag)
	}
	r.bench.Field.Put(tags...)
}

// A person with a terminal and two tags gets a report of all ten checks. The bench takes no time, and agrees in all
// that does not depend on time.
func TestDoctorChecksHardwareWithAPerson(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			r := newTestStation(t, device, "", nil)
			file := filepath.Join(t.TempDir(), "report.json")
			tty := r.onTerminal("doctor", "--config", r.config, "--hardware", file)
			tty.answer("Take everything off the reader.", "")
			tty.expect("empty-look, nothing on the reader")

			// Two mistakes that the check notices.
			tty.answer("Lay tag one on the reader", "")
			tty.expect("Not quite: no tag answers")
			r.lay("genuine-223")
			tty.enter("")
			tty.expect("Not quite: this tag speaks no ISO-DEP")
			r.lay("genuine-424")
			tty.enter("")

			tty.expect("Lay tag two on the reader")
			r.lay("genuine-223")
			tty.enter("")
			tty.expect("Lay both tags on the reader")
			r.lay("genuine-424", "genuine-223")
			tty.enter("")
			tty.expect("The report is in " + file)
			tty.ends(1)

			report := r.readReport(file)
			if report.Version != 1 || report.Device != r.bench.Device(device) || len(report.Checks) != 12 {
				t.Errorf("the report begins %+v", report)
			}
			for _, f := range observations(report, hardwarecheck.Differs) {
				if !strings.Contains(f, " ms") && !(device == "simulated" && strings.Contains(f, "16 pages")) {
					t.Errorf("differs: %s", f)
				}
			}
			for _, f := range observations(report, hardwarecheck.NotChecked) {
				if device != "simulated" || !strings.HasPrefix(f, "firmware") {
					t.Errorf("not checked: %s", f)
				}
			}
			for _, c := range report.Checks {
				if c.Name != "firmware" && len(c.Frames) < 3 {
					t.Errorf("%s, %s has the frames %+v", c.Name, c.Tags, c.Frames)
				}
			}
		})
	}
}

// Ctrl-C leaves the report of what was done.
func TestHardwareCheckThatIsStoppedLeavesItsReport(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "libnfc", "", nil)
	file := filepath.Join(t.TempDir(), "report.json")
	tty := r.onTerminal("doctor", "--device", r.bench.Device("libnfc"), "--hardware", file)
	tty.answer("Take everything off the reader.", "")
	tty.expect("Lay tag one on the reader")
	tty.enter("\x03")
	tty.ends(1)

	report := r.readReport(file)
	want := []string{"firmware: The chip is a PN532, version 1.6."}
	if found := observations(report, hardwarecheck.Agrees); !slices.Equal(found, want) {
		t.Errorf("agrees: %q", found)
	}
}

// While the station runs it holds the reader, and the check says how to stop it. It sends nothing to the port.
func TestHardwareCheckDoesNotTakeTheReaderFromTheStation(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "libnfc", "", nil)
	r.startForTheTest()
	file := filepath.Join(t.TempDir(), "report.json")
	tty := r.onTerminal("doctor", "--config", r.config, "--hardware", file)
	tty.answer("Take everything off the reader.", "")
	tty.expect("the port is held by")
	tty.expect("stop the station for the check: sudo systemctl stop tagbase-edge")
	tty.ends(1)

	if _, err := os.Stat(file); err == nil {
		t.Error("there is a report")
	}
	r.wantOutcome(r.tap("genuine-223"), "pending", "") // the station has not noticed
}

func TestHardwareCheckNeedsATerminal(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "simulated", "", nil)
	_, stderr, status := r.runWithConfig("doctor", "--hardware", filepath.Join(t.TempDir(), "report.json"))
	if status != exitUsage || !strings.Contains(stderr, "this is not a terminal") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
