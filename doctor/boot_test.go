// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
)

// A board that is as docs/install.md leaves it has nothing wrong, and everything was looked at.
func TestFreshlyInstalledBoardsAreHealthy(t *testing.T) {
	onEachBoard(t, func(t *testing.T, r *madeUpBoard) {
		findings := r.examine()
		if !Healthy(findings) {
			t.Errorf("not healthy:\n%s", listing(findings))
		}

		for _, f := range findings {
			if f.Result == Skipped {
				t.Errorf("%s was left out: %s", f.Check, f.Found)
			}
			if len(f.Better) > 0 {
				t.Errorf("%s could be better: %s", f.Check, f.Better)
			}
		}
	})
}

const config, cmdline = "/boot/firmware/config.txt", "/boot/firmware/cmdline.txt"

func addLine(line string) string {
	return `printf '\n[all]\n` + line + `\n' | sudo tee -a ` + config
}

// bootMistakes are those that people make before the first boot with a reader, on
// the boards on which they can be made.
var bootMistakes = []struct {
	name   string
	on     []string // boards; none is all
	change func(r *madeUpBoard)
	check  string
	found  string
	mend   []string
}{
	{"console on the port", []string{"Pi Zero", "Pi Zero 2", "Pi 3", "Pi 4"},
		func(r *madeUpBoard) { r.replace(cmdline, "console=tty1", "console=serial0,115200 console=tty1") },
		"cmdline.txt", "has console=serial0,115200: the kernel's messages go to the reader's port",
		[]string{`sudo sed -i 's|console=serial0,115200 *||' ` + cmdline, reboot}},
	{"console on the port by its own name", nil,
		func(r *madeUpBoard) {
			r.replace(cmdline, "console=tty1", "console="+r.model.uart+",115200 console=tty1")
		},
		"cmdline.txt", "the kernel's messages go to the reader's port", nil},
	{"debugger on the port", []string{"Pi 3"},
		func(r *madeUpBoard) { r.replace(cmdline, "console=tty1", "kgdboc=ttyS0,115200 console=tty1") },
		"cmdline.txt", "kgdboc=ttyS0,115200", []string{`sudo sed -i 's|kgdboc=ttyS0,115200 *||' ` + cmdline, reboot}},
	{"console gone from the file, and still in the kernel", nil,
		func(r *madeUpBoard) {
			r.replace("/proc/cmdline", "console=tty1", "console="+r.model.uart+",115200 console=tty1")
		},
		"cmdline.txt", "the running kernel was started with console=", []string{reboot}},
	{"cmdline.txt of two lines", nil,
		func(r *madeUpBoard) { r.replace(cmdline, " rootfstype", "\nrootfstype") },
		"cmdline.txt", "has more than one line", []string{`sudo sed -i ':a;N;$!ba;s/\n/ /g' ` + cmdline, reboot}},
	{"login enabled", nil,
		func(r *madeUpBoard) {
			r.link("/etc/systemd/system/getty.target.wants/serial-getty@"+r.model.uart+".service",
				"/usr/lib/systemd/system/serial-getty@.service")
		},
		"getty", "offers a login on the reader's port", nil},
	{"login made by a console", []string{"Pi 3"},
		func(r *madeUpBoard) {
			r.link("/run/systemd/generator/getty.target.wants/serial-getty@ttyS0.service",
				"/usr/lib/systemd/system/serial-getty@.service")
		},
		"getty", "serial-getty@ttyS0.service offers a login",
		[]string{"sudo systemctl mask --now serial-getty@ttyS0.service"}},
	{"login on the alias", []string{"Pi 3"},
		func(r *madeUpBoard) {
			r.link("/etc/systemd/system/getty.target.wants/serial-getty@serial0.service",
				"/usr/lib/systemd/system/serial-getty@.service")
		},
		"getty", "serial-getty@serial0.service", []string{"sudo systemctl mask --now serial-getty@serial0.service"}},

	{"login on the alias, the port's own masked", []string{"Pi 3"},
		func(r *madeUpBoard) {
			r.link("/etc/systemd/system/serial-getty@ttyS0.service", "/dev/null")
			r.link("/etc/systemd/system/getty.target.wants/serial-getty@serial0.service",
				"/usr/lib/systemd/system/serial-getty@.service")
		},
		"getty", "serial-getty@serial0.service", []string{"sudo systemctl mask --now serial-getty@serial0.service"}},

	{"UART not enabled", []string{"Pi 3"}, func(r *madeUpBoard) { r.replace(config, "enable_uart=1", "") },
		"config.txt", "does not have enable_uart=1, so that there is no /dev/ttyS0",
		[]string{addLine("enable_uart=1"), reboot}},
	{"UART not enabled", []string{"Pi 5"}, func(r *madeUpBoard) { r.replace(config, "dtparam=uart0=on", "") },
		"config.txt", "does not have dtparam=uart0=on, so that there is no /dev/ttyAMA0",
		[]string{addLine("dtparam=uart0=on"), reboot}},
	{"UART switched off", []string{"Pi 3", "Pi Zero"}, func(r *madeUpBoard) { r.write(config, "enable_uart=0\n") },
		"config.txt", "config.txt:1: enable_uart=0 switches the port off",
		[]string{"sudo sed -i 's/^enable_uart=0/enable_uart=1/' " + config, reboot}},
	{"line under another board's filter", []string{"Pi 3"},
		func(r *madeUpBoard) { r.write(config, "[all]\ndtparam=audio=on\n[pi4]\nenable_uart=1\n") },
		"config.txt", "config.txt:4: enable_uart=1 stands under [pi4], which does not apply to this board",
		[]string{addLine("enable_uart=1"), reboot}},
	{"line of the board under another's filter", []string{"Pi 5"},
		func(r *madeUpBoard) { r.write(config, "[pi4]\ndtparam=uart0=on\n") },
		"config.txt", "config.txt:2: dtparam=uart0=on stands under [pi4], which does not apply to this board", nil},
	{"older line under another's filter", []string{"Pi 5"},
		func(r *madeUpBoard) { r.write(config, "[pi4]\nenable_uart=1\ndtparam=spi=on\n") },
		"config.txt", "config.txt:2: enable_uart=1 stands under [pi4], which does not apply to this board", nil},
	{"UART switched off", []string{"Pi 5"}, func(r *madeUpBoard) { r.write(config, "enable_uart=0\n") },
		"config.txt", "config.txt:1: enable_uart=0 switches the port off",
		[]string{"sudo sed -i 's/^enable_uart=0/enable_uart=1/' " + config, "sudo reboot"}},
	{"line in the file of an older system", []string{"Pi 3"},
		func(r *madeUpBoard) {
			r.write(config, "dtparam=audio=on\n")
			r.write("/boot/config.txt", "enable_uart=1\ndtparam=audio=on\n")
		},
		"config.txt",
		"/boot/config.txt:1: enable_uart=1 stands in a file that this system does not read; it reads " + config,
		[]string{addLine("enable_uart=1"), reboot}},
	{"boot partition not mounted", nil,
		func(r *madeUpBoard) { r.remove(config) },
		"config.txt", "the boot partition is not mounted", []string{"sudo mount /boot/firmware"}},
	{"Bluetooth has the port", []string{"Pi 4"},
		func(r *madeUpBoard) { r.replace(config, "dtoverlay=miniuart-bt", "") },
		"config.txt", "/dev/ttyAMA0 belongs to the Bluetooth chip on this board",
		[]string{addLine("dtoverlay=disable-bt"), reboot}},
	{"overlay written as a parameter", []string{"Pi 4"},
		func(r *madeUpBoard) { r.write(config, "#dtoverlay=disable-bt\ndtparam=disable-bt\n") },
		"config.txt", "/dev/ttyAMA0 belongs to the Bluetooth chip on this board",
		[]string{addLine("dtoverlay=disable-bt"), reboot}},
	{"overlay under another's filter", []string{"Pi 4"},
		func(r *madeUpBoard) { r.write(config, "[pi3]\ndtoverlay=disable-bt\n") },
		"config.txt", "config.txt:2: dtoverlay=disable-bt stands under [pi3]",
		[]string{addLine("dtoverlay=disable-bt"), reboot}},
	{"Bluetooth has the port, and its service", []string{"Pi Zero 2"},
		func(r *madeUpBoard) {
			r.replace(config, "dtoverlay=disable-bt", "#dtoverlay=disable-bt")
			r.link("/etc/systemd/system/multi-user.target.wants/hciuart.service",
				"/usr/lib/systemd/system/hciuart.service")
		},
		"config.txt", "/dev/ttyAMA0 belongs to the Bluetooth chip on this board",
		[]string{addLine("dtoverlay=disable-bt"), "sudo systemctl disable hciuart.service", reboot}},
	{"Bluetooth's service left on", []string{"Pi Zero 2"},
		func(r *madeUpBoard) {
			r.link("/etc/systemd/system/multi-user.target.wants/hciuart.service",
				"/usr/lib/systemd/system/hciuart.service")
		},
		"config.txt", "hciuart.service starts Bluetooth on /dev/ttyAMA0",
		[]string{"sudo systemctl disable --now hciuart.service"}},
	{"mini-UART's name after Bluetooth was moved", []string{"Pi 4"}, func(r *madeUpBoard) { r.setUART("ttyS0") },
		"config.txt", "are /dev/ttyAMA0, not /dev/ttyS0", []string{deviceLine("pn532_uart:/dev/ttyAMA0")}},
	{"mini-UART's name on a board without", []string{"Pi 5", "Pi Zero"}, func(r *madeUpBoard) { r.setUART("ttyS0") },
		"config.txt", "this board has no mini-UART", []string{deviceLine("pn532_uart:/dev/ttyAMA0")}},
	{"serial0", []string{"Pi 5"},
		func(r *madeUpBoard) {
			r.setUART("ttyAMA10")
			r.config.Device = "pn532_uart:/dev/serial0"
			r.link("/dev/serial0", "ttyAMA10")
		},
		"config.txt", "/dev/serial0 is the debug port between the HDMI sockets",
		[]string{deviceLine("pn532_uart:/dev/ttyAMA0")}},
	{"debug port", []string{"Pi 5"}, func(r *madeUpBoard) { r.setUART("ttyAMA10") },
		"config.txt", "/dev/ttyAMA10 is the debug port", []string{deviceLine("pn532_uart:/dev/ttyAMA0")}},
	{"I2C not enabled", nil,
		func(r *madeUpBoard) { r.config.Device = "pn532_i2c:/dev/i2c-1"; r.node("/dev/i2c-1", 998) },
		"config.txt", "does not have dtparam=i2c_arm=on, so that there is no /dev/i2c-1",
		[]string{addLine("dtparam=i2c_arm=on"), reboot}},
	{"SPI switched off", nil,
		func(r *madeUpBoard) {
			r.config.Device = "pn532_spi:/dev/spidev0.0:500000"
			r.node("/dev/spidev0.0", 999)
			r.replace(config, "dtparam=audio=on", "dtparam=spi=on\ndtparam=spi=off")
		},
		"config.txt", "does not have dtparam=spi=on, so that there is no /dev/spidev0.0",
		[]string{addLine("dtparam=spi=on"), reboot}},
	{"not restarted since", nil, func(r *madeUpBoard) { r.remove("/dev/" + r.model.uart) },
		"device", "is not there; config.txt takes effect at the next boot", []string{reboot}},
}

func deviceLine(device string) string {
	return `write in /etc/tagbase-edge/config.toml under [reader]: device = "` + device + `"`
}

func TestBootMistakesAreFound(t *testing.T) {
	for _, tt := range bootMistakes {
		for name, m := range models {
			if tt.on != nil && !slices.Contains(tt.on, name) {
				continue
			}

			for codename := range releases {
				t.Run(tt.name+"/"+name+"/"+codename, func(t *testing.T) {
					r := newBoard(m, codename)
					tt.change(r)

					mend := tt.mend
					if mend == nil {
						mend = mendOnEach(tt.name, r.model)
					}

					findings := r.examine()
					wantWrong(t, findings, tt.check, tt.found, mend...)

					for _, f := range findings {
						if f.Check == tt.check && f.Result == Wrong && f.Code != bootCode(tt.check, tt.found) {
							t.Errorf("%s shows service code %d", f.Found, f.Code)
						}
					}
				})
			}
		}
	}
}

// mendOnEach is the mend of those mistakes whose mend names the board's own port.
func mendOnEach(mistake string, m model) []string {
	switch {
	case strings.HasPrefix(mistake, "console"):
		return []string{"sudo sed -i 's|console=" + m.uart + ",115200 *||' " + cmdline, reboot}
	case strings.HasPrefix(mistake, "login"):
		return []string{"sudo systemctl mask --now serial-getty@" + m.uart + ".service"}
	default:
		return []string{addLine("dtparam=uart0=on"), reboot}
	}
}

// The doctor does not call a setting wrong that is right.
func TestBootSettingsThatAreRight(t *testing.T) {
	for _, tt := range []struct {
		name, board string
		change      func(r *madeUpBoard)
	}{
		{"console on the debug port of a Pi 5", "Pi 5",
			func(r *madeUpBoard) { r.replace(cmdline, "console=tty1", "console=serial0,115200 console=tty1") }},
		{"enable_uart on a Pi 5", "Pi 5", func(r *madeUpBoard) { r.write(config, "enable_uart=1\n") }},
		{"both lines on a Pi 5", "Pi 5", func(r *madeUpBoard) { r.write(config, "enable_uart=0\ndtparam=uart0=on\n") }},
		{"overlay of a Pi 5", "Pi 5", func(r *madeUpBoard) { r.write(config, "dtoverlay=uart0-pi5\n") }},
		{"own filter", "Pi 4", func(r *madeUpBoard) {
			r.write(config, "[pi5]\nenable_uart=0\n[pi4]\ndtoverlay=disable-bt\n[cm4]\nenable_uart=0\n")
		}},
		{"included file", "Pi 3", func(r *madeUpBoard) {
			r.write(config, "include uart.txt\n")
			r.write("/boot/firmware/uart.txt", "enable_uart=1\r\n")
		}},
		{"masked login", "Pi 3", func(r *madeUpBoard) {
			r.link("/run/systemd/generator/getty.target.wants/serial-getty@ttyS0.service",
				"/usr/lib/systemd/system/serial-getty@.service")
			r.link("/etc/systemd/system/serial-getty@ttyS0.service", "/dev/null")
		}},
		{"serial0 of an older board", "Pi 3", func(r *madeUpBoard) {
			r.config.Device = "pn532_uart:/dev/serial0:115200"
			r.link("/dev/serial0", "ttyS0")
		}},
		{"second UART of a Pi 4", "Pi 4", func(r *madeUpBoard) { r.setUART("ttyAMA3") }},
		{"stub left by the new system", "Pi 3",
			func(r *madeUpBoard) { r.write("/boot/config.txt", "DO NOT EDIT THIS FILE\n\nThe file has moved.\n") }},
		{"boot directory of an older system", "Pi 3", func(r *madeUpBoard) {
			r.files[rooted("/boot/config.txt")] = r.files[rooted(config)]
			r.files[rooted("/boot/cmdline.txt")] = r.files[rooted(cmdline)]
			r.remove(config)
			r.remove(cmdline)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newBoard(models[tt.board], "trixie")
			tt.change(r)

			if findings := r.examine(); !Healthy(findings) {
				t.Errorf("not healthy:\n%s", listing(findings))
			}
		})
	}
}

// I2C works, and the doctor advises a better choice.
func TestI2CIsAdvisedAgainst(t *testing.T) {
	for name, wanted := range map[string]int{"Pi 3": 2, "Pi 5": 1} {
		r := newBoard(models[name], "bookworm")
		r.config.Device = "pn532_i2c:/dev/i2c-1"
		r.node("/dev/i2c-1", 998)
		r.write(config, "dtparam=i2c_arm=on\n")

		f := findingOf(t, r.examine(), "config.txt")
		faster := "a read takes four times as long as at 400 kHz: " + addLine("dtparam=i2c_arm_baudrate=400000")
		if f.Result != OK || len(f.Better) != wanted || f.Better[wanted-1] != faster {
			t.Errorf("%s: %+v", name, f)
		}

		r.write(config, "dtparam=i2c_arm=on,i2c_arm_baudrate=400000\n")
		if f := findingOf(t, r.examine(), "config.txt"); len(f.Better) != wanted-1 {
			t.Errorf("%s at 400 kHz: %+v", name, f)
		}
	}
}

// bootCode is 1 where there is no reader, and 2 where somebody else talks to it.
func bootCode(check, found string) scan.ServiceCode {
	if check == "cmdline.txt" || check == "getty" || strings.HasPrefix(found, "hciuart.service starts") {
		return scan.ServiceReaderSilent
	}
	return scan.ServiceReaderNotFound
}
