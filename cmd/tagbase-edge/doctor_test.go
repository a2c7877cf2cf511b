// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/probes"
	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// runDoctor runs doctor as a person does, on a machine that has nothing but the
// bench and more files, and wants its status to tell whether something is wrong.
func (r *testStation) runDoctor(more ...string) (findings []doctor.Finding, healthy bool) {
	r.Helper()
	root := r.TempDir()
	for _, file := range append(more, r.bench.Dir, "/dev/pts", "/etc/passwd", "/etc/group") {
		r.linkInto(root, file)
	}

	text, status := r.run("doctor", "--root", root, "--config", r.config)
	raw, statusJSON := r.run("doctor", "--root", root, "--config", r.config, "--json")
	var report struct {
		Healthy bool
		Checks  []doctor.Finding
	}

	if err := json.Unmarshal([]byte(raw), &report); err != nil {
		r.Fatalf("%v:\n%s", err, raw)
	}

	wrong := strings.Contains(text, "✗")
	if wrong == report.Healthy || wrong == (status == 0) || status != statusJSON {
		r.Errorf("status %d, with --json %d; healthy %v:\n%s", status, statusJSON, report.Healthy, text)
	}

	for _, f := range report.Checks {
		for _, words := range append([]string{f.Result.Mark() + " " + f.Check}, f.Mend...) {
			if !strings.Contains(text, words) {
				r.Errorf("the text does not have %q:\n%s", words, text)
			}
		}
	}

	if _, secret, _ := strings.Cut(r.bench.Key, ":"); strings.Contains(text+raw, secret) {
		r.Errorf("the key's secret is in the output:\n%s", text)
	}

	return report.Checks, report.Healthy
}

// linkInto has one of the machine's own files in a made-up root.
func (r *testStation) linkInto(root, path string) {
	r.Helper()
	to := filepath.Join(root, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Symlink(path, to)); err != nil {
		r.Fatal(err)
	}
}

// run runs one command to its end.
func (r *testStation) run(args ...string) (out string, status int) {
	r.Helper()
	var b bytes.Buffer
	cmd := exec.CommandContext(r.Context(), "tagbase-edge", args...)
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Fatal(err)
	}

	return b.String(), cmd.ProcessState.ExitCode()
}

func (r *testStation) replaceInFile(file, old, new string) {
	r.Helper()
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), old) {
		r.Fatalf("%s has no %q: %v", file, old, err)
	}

	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(b), old, new)), 0o600); err != nil {
		r.Fatal(err)
	}
}

func TestDoctorFindsNothingWrongOnAGoodBench(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			r := newTestStation(t, device, "", nil)
			findings, healthy := r.runDoctor()
			if !healthy {
				t.Errorf("not healthy: %+v", findings)
			}

			for _, f := range findings {
				if f.Check == "firmware" && device == "libnfc" && f.Found != "PN532 v1.6" {
					t.Errorf("firmware is %q", f.Found)
				}
			}

			if n := len(r.bench.Platform.Posts()); n != 0 {
				t.Errorf("%d verifications came of it", n)
			}
		})
	}
}

// Each thing that breaks on the bench is found where it broke, by the real probes.
func TestDoctorFindsEachFaultWhereItIs(t *testing.T) {
	t.Parallel()
	// Without a unit the doctor takes its own user for the daemon's, who has to own the key file: root needs no -o.
	installKey := "sudo install -m 0600 /dev/stdin"
	if os.Geteuid() != 0 {
		installKey = "sudo install -m 0600 -o " + probes.User() + " /dev/stdin"
	}

	for name, tt := range map[string]struct {
		breaks func(r *testStation)
		check  string
		code   scan.ServiceCode
		mend   string
	}{
		"configuration": {func(r *testStation) {
			r.replaceInFile(r.config, "state_dir", "state_dri")
		}, "configuration", 0, "tagbase-edge check --config"},
		"no device": {func(r *testStation) {
			r.replaceInFile(r.config, "/pn532\"", "/none\"")
		}, "device", 1, "ls -l /dev/serial0"},
		"no chip": {func(r *testStation) {
			silent := filepath.Join(r.bench.Dir, "silent")
			pty, err := simreader.OpenPTY(silent)
			if err != nil {
				r.Fatal(err)
			}

			r.Cleanup(func() { pty.Close() })
			r.replaceInFile(r.config, "/pn532\"", "/silent\"")
		}, "wake-up", 2, "is it powered?"},
		"failed bus": {func(r *testStation) {
			if err := r.bench.RefuseWrites(true); err != nil {
				r.Fatal(err)
			}
		}, "wake-up", 2, "is it powered? its light must be on; 3.3 V from pin 1 or 5 V from pin 2, as its maker says" +
			", and ground from pin 6\nif it has worked before: take the reader's power away for ten seconds"},
		"no lamp": {func(r *testStation) {
			r.replaceInFile(r.config, "/green\"", "/none/green\"")
		}, "lamp green", 7, "sudo mkdir -p"},
		"no network": {func(r *testStation) {
			if err := r.bench.ClosePlatform(); err != nil {
				r.Fatal(err)
			}
		}, "TCP", 3, "ping -c 3 127.0.0.1"},
		"no name": {func(r *testStation) {
			r.replaceInFile(r.config, "https://127.0.0.1", "https://nowhere.invalid")
		}, "DNS", 3, "getent hosts nowhere.invalid"},
		"another authority": {func(r *testStation) {
			a, err := simplatform.NewAuthority()
			if err != nil {
				r.Fatal(err)
			}

			if err := os.WriteFile(filepath.Join(r.bench.Dir, "ca.pem"), a.PEM(), 0o644); err != nil {
				r.Fatal(err)
			}
		}, "TLS", 5, "openssl s_client"},
		"another server": {func(r *testStation) {
			r.replaceInFile(r.config, "base_url = \"https://127.0.0.1", "base_url = \"http://127.0.0.1")
		}, "platform", 3, "write in"},
		"key refused": {func(r *testStation) { r.bench.Platform.Revoke() }, "key", 4, installKey},
		"no key": {func(r *testStation) {
			os.Remove(filepath.Join(r.bench.Dir, "api-key"))
		}, "key", 4, installKey},
		"key for all": {func(r *testStation) { os.Chmod(filepath.Join(r.bench.Dir, "api-key"), 0o644) },
			"key", 4, "sudo chmod 0600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestStation(t, "libnfc", "", nil)
			tt.breaks(r)
			findings, healthy := r.runDoctor()
			if healthy {
				t.Error("it reports a healthy station")
			}

			for _, f := range findings {
				if f.Check == tt.check && f.Result == doctor.Wrong {
					mends := strings.HasPrefix(strings.Join(f.Mend, "\n"), tt.mend) || tt.check == "configuration"
					if f.Code != tt.code || !mends {
						t.Errorf("%+v, want service code %d and %s", f, tt.code, tt.mend)
					}

					return
				}
			}

			t.Errorf("no ✗ of %s: %+v", tt.check, findings)
		})
	}
}

// Beside the daemon the reader is left alone: taps go on.
func TestDoctorBesideTheDaemonDisturbsNoTap(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "libnfc", "", nil)
	r.startForTheTest()
	commands := r.bench.PN532.Commands
	before := commands()
	findings, healthy := r.runDoctor("/proc")
	if !healthy {
		t.Errorf("not healthy: %+v", findings)
	}

	for _, f := range findings {
		if f.Check == "port" && !strings.HasPrefix(f.Found, "held by the daemon (pid ") ||
			f.Check == "wake-up" && !strings.HasPrefix(f.Found, "held by the daemon") {
			t.Errorf("%s: %s", f.Check, f.Found)
		}
	}

	if commands() == before {
		t.Error("the daemon's reader stands still")
	}

	r.wantOutcome(r.tap("genuine-424"), "pending", "")
}
