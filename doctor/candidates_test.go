// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is offered is where a reader would be, and nothing that may be another's.
func TestCandidatesAreWhereAReaderWouldBe(t *testing.T) {
	others := func(r *madeUpBoard) { // a modem, the debug port, a second UART
		r.node("/dev/ttyS1", 20)
		r.node("/dev/ttyAMA10", 20)
		r.node("/dev/ttyAMA2", 20)
		r.node("/dev/ttyUSB0", 20)
	}

	for name, tt := range map[string]struct {
		board  string
		change func(r *madeUpBoard)
		want   []string
	}{
		"Pi 3":   {"Pi 3", others, []string{"pn532_uart:/dev/ttyS0"}},
		"Pi 5":   {"Pi 5", others, []string{"pn532_uart:/dev/ttyAMA0"}},
		"Zero 2": {"Pi Zero 2", others, []string{"pn532_uart:/dev/ttyAMA0"}},
		"buses": {"Pi 4", func(r *madeUpBoard) { r.node("/dev/i2c-1", 998); r.node("/dev/spidev0.0", 999) },
			[]string{"pn532_uart:/dev/ttyAMA0", "pn532_spi:/dev/spidev0.0", "pn532_i2c:/dev/i2c-1"}},
		"no UART": {"Pi 4", func(r *madeUpBoard) { r.remove("/dev/ttyAMA0") }, nil},
		"USB": {"Pi 4", func(r *madeUpBoard) {
			r.remove("/dev/ttyAMA0")
			r.link("/dev/serial/by-id/usb-1a86_USB-port0", "../../ttyUSB0")
			r.usb("072f", "2200", "1", "7")
			r.usb("04e6", "5591", "2", "11")
			r.usb("0bda", "8153", "1", "3")
		}, []string{"pn532_uart:/dev/serial/by-id/usb-1a86_USB-port0", "pn53x_usb:002:011", "acr122_usb:001:007"}},
		"another board": {"Pi 4", func(r *madeUpBoard) { r.write("/proc/device-tree/model", "Radxa\x00") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newBoard(models[tt.board], "trixie")
			tt.change(r)

			var got []string
			for _, c := range Candidates(r.files) {
				got = append(got, c.Connstring)
			}

			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Before a reader is configured the doctor tells how the usual port of the board is
// switched on, from the card as it was written.
func TestFreshCardIsToldHowToSwitchThePortOn(t *testing.T) {
	for board, line := range map[string]string{
		"Pi Zero 2": "dtoverlay=disable-bt", "Pi 3": "dtoverlay=disable-bt", "Pi 4": "dtoverlay=disable-bt",
		"Pi 5": "dtparam=uart0=on",
	} {
		for codename := range releases {
			t.Run(board+"/"+codename, func(t *testing.T) {
				r := newBoard(models[board], codename)
				r.config.Device = ""
				r.probes.Reader = nil
				r.remove("/dev/" + r.model.uart)
				r.write(config, "dtparam=audio=on\n[cm4]\notg_mode=1\n[all]\n")
				r.write(cmdline, "console=serial0,115200 console=tty1 root=PARTUUID=01 rootwait\n")
				findings := r.examine()
				wantWrong(t, findings, "config.txt", "", addLine(line), reboot)
				wantWrong(t, findings, "device", "/dev/ttyAMA0 is not there", reboot)

				r.write(config, "[all]\n"+line+"\n")
				r.node("/dev/ttyAMA0", 20)
				findings = r.examine()
				if board != "Pi 5" {
					mend := "sudo sed -i 's|console=serial0,115200 *||' " + cmdline
					wantWrong(t, findings, "cmdline.txt", "", mend, reboot)
				}

				s, usual := results(findings), Usual(r.files)
				if s["config.txt"] != OK || s["device"] != OK || usual != "pn532_uart:/dev/ttyAMA0" {
					t.Errorf("after the line:\n%s", listing(findings))
				}
			})
		}
	}

	r := newBoard(models["Pi 3"], "trixie")
	r.remove("/dev/ttyS0")
	if usual := Usual(r.files); usual != "pn532_uart:/dev/ttyAMA0" {
		t.Errorf("without the mini-UART's node: %s", usual)
	}

	r = newBoard(models["Pi 3"], "trixie")
	r.config.Device = ""
	if Usual(r.files) != "pn532_uart:/dev/ttyS0" || !Healthy(r.examine()) {
		t.Errorf("a mini-UART that is switched on: %s\n%s", Usual(r.files), listing(r.examine()))
	}
}

// A daemon is one that runs, with the configuration that is asked for.
func TestRunningFindsTheDaemonOfAConfiguration(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0 two-taps",
		"tagbase-edge.service")
	r.process(402, "tagbase-edge", "/usr/bin/tagbase-edge run --config /etc/tagbase-edge/gate-2.toml",
		"tagbase-edge@gate-2.service")

	for config, want := range map[string]int{
		"": 400, "/etc/tagbase-edge/config.toml": 400, "/etc/tagbase-edge/gate-2.toml": 402,
		"/etc/tagbase-edge/gate-3.toml": 0,
	} {
		if got := Running(r.files, config); got != want {
			t.Errorf("%q: process %d, want %d", config, got, want)
		}
	}
}
