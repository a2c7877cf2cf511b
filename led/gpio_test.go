// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

func TestOpenOnMachineWithoutGPIOChip(t *testing.T) {
	if nodes, _ := filepath.Glob("/dev/gpiochip*"); len(nodes) > 0 {
		t.Skip("SKIPPED: this machine has a GPIO chip")
	}

	lamps, err := Open(Config{Green: "GPIO17", Amber: "GPIO22"})
	want := "leds.green: GPIO17: this machine has no GPIO chip; choose a lamp by file: or leave it empty\n" +
		"leds.amber: GPIO22: this machine has no GPIO chip; choose a lamp by file: or leave it empty"
	if err == nil || err.Error() != want {
		t.Errorf("Open:\n%v\nwant\n%v", err, want)
	}

	lamps.Show(Valid)
	if err := lamps.Close(); err == nil || err.Error() != want {
		t.Errorf("Close:\n%v\nwant\n%v", err, want)
	}
}

func TestFindLineSaysWhyLineIsMissing(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	shut, open := filepath.Join(dir, "gpiochip0"), filepath.Join(dir, "gpiochip1")
	for path, mode := range map[string]os.FileMode{shut: 0, open: 0o644} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}

	chips := []*gpioioctl.GPIOChip{{}}
	for _, tt := range []struct {
		name  string
		chips []*gpioioctl.GPIOChip
		nodes []string
		typed error
		want  string
	}{
		{"no chip", nil, nil, nil, "GPIO17: this machine has no GPIO chip"},
		{"no permission", nil, []string{open, shut}, fs.ErrPermission, "; add the user to the group gpio"},
		{"old kernel", nil, []string{open}, nil, "Linux 5.10 or newer"},
		{"no such name", chips, []string{open}, nil, "GPIO17: no GPIO line has this name"},
		{"may be on a chip without permission", chips, []string{open, shut}, fs.ErrPermission,
			"; add the user to the group gpio"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withoutRootPermissions(t, func() {
				_, err := findLine(tt.chips, tt.nodes, "GPIO17")
				if err == nil {
					t.Fatal("no error")
				}
				if !strings.HasPrefix(err.Error(), "GPIO17: ") || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q in it", err, tt.want)
				}
				if tt.typed != nil && !errors.Is(err, tt.typed) {
					t.Errorf("got %v, want %v", err, tt.typed)
				}
			})
		})
	}
}

func TestGPIOLineLevels(t *testing.T) {
	for _, tt := range []struct {
		name      string
		activeLow bool
		want      []gpio.Level
	}{
		{"active high", false, []gpio.Level{gpio.Low, gpio.High, gpio.Low}},
		{"active low", true, []gpio.Level{gpio.High, gpio.Low, gpio.High}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []gpio.Level
			released := 0
			line, err := claim(&gpioLine{
				name:      "GPIO17",
				activeLow: tt.activeLow,
				out:       func(l gpio.Level) error { got = append(got, l); return nil },
				release:   func() { released++ },
			}, "somebody")
			if err != nil {
				t.Fatal(err)
			}

			if err := errors.Join(line.Set(true), line.Set(false), line.Close()); err != nil {
				t.Fatal(err)
			}

			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("levels (-want +got):\n%s", diff)
			}
			if released != 1 {
				t.Errorf("released %d times, want 1", released)
			}
		})
	}
}

func TestClaimNamesHolderAndReleasesLine(t *testing.T) {
	for _, tt := range []struct {
		holder, want string
	}{
		{"leds-gpio", "GPIO17: line is broken; " +
			`another program holds it: "leds-gpio"; stop that one or choose another line`},
		{"", "GPIO17: line is broken; run gpioinfo to see whether another program holds it"},
	} {
		released := 0

		_, err := claim(&gpioLine{
			name:    "GPIO17",
			out:     func(gpio.Level) error { return errLine },
			release: func() { released++ },
		}, tt.holder)
		if err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %v", err, tt.want)
		}
		if released != 1 {
			t.Errorf("released %d times, want 1: periph would drive descriptor 0 next", released)
		}
	}
}
