// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"testing"
)

// results returns how each check ended.
func results(findings []Finding) map[string]Result {
	m := make(map[string]Result)
	for _, f := range findings {
		m[f.Check] = f.Result
	}
	return m
}

// Stations that are not a PN532 on a Pi's UART can be healthy too, and what does
// not apply to them is left out.
func TestOtherStationsAreHealthyToo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *madeUpBoard)
		want   map[string]Result
	}{
		{"bench", func(r *madeUpBoard) {
			r.config.Device = "simulated:/run/bench.sock"
			r.remove("/proc/device-tree/model")
		},
			map[string]Result{"board": Skipped, "config.txt": Skipped, "device": Skipped, "permission": Skipped,
				"modules": Skipped, "port": Skipped, "field": OK}},
		{"USB reader", func(r *madeUpBoard) {
			r.config.Device = "acr122_usb:001:007"
			r.usb("0bda", "8153", "1", "3")
			r.usb("072f", "2200", "1", "7")
		}, map[string]Result{"config.txt": Skipped, "cmdline.txt": Skipped, "getty": Skipped, "device": OK,
			"permission": Skipped, "port": OK}},
		{"USB reader of the daemon", func(r *madeUpBoard) {
			r.config.Device = "acr122_usb:001:007"
			r.usb("072f", "2200", "1", "7")
			r.process(402, "tagbase-edge", "/usr/bin/tagbase-edge reader acr122_usb:001:007", "tagbase-edge.service")
		}, map[string]Result{"port": OK, "open": Skipped}},
		{"USB converter", func(r *madeUpBoard) {
			r.config.Device = "pn532_uart:/dev/serial/by-id/usb-1a86-port0"
			r.link("/dev/serial/by-id/usb-1a86-port0", "../../ttyUSB0")
			r.node("/dev/ttyUSB0", 20)
		}, map[string]Result{"config.txt": Skipped, "cmdline.txt": Skipped, "device": OK, "permission": OK,
			"port": OK}},
		{"pseudo-terminal, which its other end holds", func(r *madeUpBoard) {
			r.config.Device = "pn532_uart:/dev/pts/3"
			r.node("/dev/pts/3", 20)
			r.process(90, "tagbase-sim", "tagbase-sim bench", "", "/dev/pts/3")
		}, map[string]Result{"port": OK, "device": OK, "open": OK}},
		{"another board", func(r *madeUpBoard) { r.write("/proc/device-tree/model", "Radxa ROCK 4C+\x00") },
			map[string]Result{"board": OK, "config.txt": Skipped, "cmdline.txt": Skipped, "getty": OK}},
		{"no service yet", func(r *madeUpBoard) {
			r.remove("/usr/lib/systemd/system/tagbase-edge.service")
			r.remove("/proc/400/comm")
		}, map[string]Result{"service": Skipped}},
		{"run by hand", func(r *madeUpBoard) { r.remove("/usr/lib/systemd/system/tagbase-edge.service") },
			map[string]Result{"service": OK}},
		{"one lamp", func(r *madeUpBoard) { greenLamp("")(r) },
			map[string]Result{"lamp green": Skipped, "lamp red": OK}},
		{"lamp as a file", func(r *madeUpBoard) {
			greenLamp("file:/run/lamps/green")(r)
			r.files["run/lamps"] = dirOf(990, 0o755)
		},
			map[string]Result{"lamp green": OK}},
		{"who holds a lamp is for root", func(r *madeUpBoard) {
			r.probes.Line = func(string) (string, error) { return "", fmt.Errorf("GPIO17: %w", fs.ErrPermission) }
		}, map[string]Result{"lamp green": Skipped}},
		{"plain http to itself", func(r *madeUpBoard) { r.platform.Plain = true },
			map[string]Result{"TLS": Skipped, "platform": OK}},
		{"key for root alone", func(r *madeUpBoard) {
			r.probes.User, r.config.Key, r.config.KeyFault = "pi", "", "permission denied"
			r.write("/etc/tagbase-edge/api-key", "")
		}, map[string]Result{"key": Skipped}},
		{"nothing tried", func(r *madeUpBoard) { r.probes = Probes{User: "root"} },
			map[string]Result{"open": Skipped, "field": Skipped, "lamp green": Skipped, "clock": Skipped,
				"DNS": Skipped, "key": Skipped}},
		{"clock by another service", func(r *madeUpBoard) {
			r.remove("/run/systemd/timesync/synchronized")
			r.probes.Synchronised = func() (bool, error) { return true, nil }
			r.platform.Dated = false
		}, map[string]Result{"clock": OK}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newBoard(models["Pi 3"], "trixie")
			if tt.name == "another board" {
				r.remove(config)
			}

			tt.change(r)

			findings := r.examine()
			if !Healthy(findings) {
				t.Errorf("not healthy:\n%s", listing(findings))
			}

			got := results(findings)
			for check, status := range tt.want {
				if got[check] != status {
					t.Errorf("%s is %q, want %q:\n%s", check, got[check], status, listing(findings))
				}
			}
		})
	}
}

// A state directory in memory is mentioned, though nothing is wrong.
func TestStateInMemoryIsMentioned(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.replace("/proc/mounts", "/dev/mmcblk0p2 / ext4", "overlay / overlay")
	r.files["var/lib/tagbase-edge"] = dirOf(990, 0o750)

	if f := findingOf(t, r.examine(), "storage"); f.Result != OK || len(f.Better) != 1 {
		t.Errorf("%+v", f)
	}
}
