// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagbase/tagbase-edge/scan"
)

// hciuart is there while systemd starts Bluetooth on the UART at boot.
const hciuart = "/etc/systemd/system/multi-user.target.wants/hciuart.service"

// checkConfigTxt checks that the firmware's config.txt switches on the port that the reader is on.
func checkConfigTxt(e *examination) []Finding {
	const check = "config.txt"
	m := e.machine
	switch {
	case !e.port.onHeader():
		return []Finding{skipped(check, "the reader is not on the board's header")}
	case m.board == otherBoard:
		return []Finding{skipped(check, "not a Raspberry Pi")}
	case m.bootDir == "":
		what := "neither /boot/firmware/config.txt nor /boot/config.txt is there: the boot partition is not mounted"
		return []Finding{wrong(check, what, "sudo mount /boot/firmware").coded(scan.ServiceReaderNotFound)}
	}

	var f Finding
	var isWrong bool
	switch e.port.bus {
	case busUART:
		f, isWrong = e.uartIsOff(check)
	case busI2C:
		f, isWrong = e.parameterIsOff(check, "dtparam=i2c_arm=on", "i2c_arm", "i2c1", "i2c")
	case busSPI:
		f, isWrong = e.parameterIsOff(check, "dtparam=spi=on", "spi", "spi0")
	}
	if isWrong {
		return []Finding{f}
	}

	f = fine(check, fmt.Sprintf("%s switches on %s", m.config.file, e.port.path))
	if e.port.bus == busI2C {
		f.Better = e.i2cAdvice()
	}
	return []Finding{f}
}

// i2cAdvice says how I2C gets better. The PN532 holds the clock line low while it is busy, which the BCM2835's I2C
// handles wrongly, and at the default of 100 kHz every read takes four times as long as at 400 kHz.
func (e *examination) i2cAdvice() (better []string) {
	if e.machine.board != pi5 {
		inSoftware := e.machine.addLine("dtoverlay=i2c-gpio,bus=1,i2c_gpio_sda=2,i2c_gpio_scl=3")
		better = append(better,
			"this board's I2C handles clock stretching wrongly: wire the reader to the UART, or run: "+inSoftware)
	}

	setsSpeed := func(s bootSetting) bool { return s.applies && strings.Contains(s.value, "i2c_arm_baudrate=") }
	if !slices.ContainsFunc(e.machine.config.settings, setsSpeed) {
		better = append(better, "a read takes four times as long as at 400 kHz: "+
			e.machine.addLine("dtparam=i2c_arm_baudrate=400000"))
	}
	return better
}

// addLine is a command that adds a line to config.txt. Under [all] it applies whatever filter the file ends with.
func (m machine) addLine(line string) string {
	return fmt.Sprintf(`printf '\n[all]\n%s\n' | sudo tee -a %s`, line, m.config.file)
}

// parameterIsOff finds that no parameter of the base device tree among params is on; line switches it on.
func (e *examination) parameterIsOff(check, line string, params ...string) (Finding, bool) {
	if e.machine.config.param(params...) {
		return Finding{}, false
	}
	return e.lineMissing(check, line, func(s bootSetting) bool {
		on, _ := s.param(params...)
		return on
	}), true
}

// lineMissing says that config.txt lacks a line. If there is one that does the same where it has no effect, it says
// where: people wonder why the line that they see does nothing.
func (e *examination) lineMissing(check, line string, same func(bootSetting) bool) Finding {
	m := e.machine
	why := fmt.Sprintf("%s does not have %s, so that there is no %s", m.config.file, line, e.port.path)

	for _, s := range m.config.settings {
		if same(s) && !s.applies {
			why = fmt.Sprintf("%s:%d: %s=%s stands under [%s], which does not apply to this board",
				s.file, s.line, s.key, s.value, s.section)
		}
	}

	// Bookworm moved the file; what is left in its old place is not read.
	if old := "/boot/config.txt"; m.config.file != old && exists(e.Root, old) {
		for _, s := range readBootFile(e.Root, old, m.model).settings {
			if same(s) && s.applies {
				why = fmt.Sprintf("%s:%d: %s=%s stands in a file that this system does not read; it reads %s",
					old, s.line, s.key, s.value, m.config.file)
			}
		}
	}
	return wrong(check, why, m.addLine(line), reboot).coded(scan.ServiceReaderNotFound)
}

// uartIsOff finds that GPIO14 and 15 are not the port that the reader is configured on. Which line makes them that
// differs from board to board.
func (e *examination) uartIsOff(check string) (Finding, bool) {
	m, config, name := e.machine, e.machine.config, e.port.name()
	if f, ok := e.wrongName(check); ok {
		return f, true
	}
	if name != "ttyAMA0" && name != "ttyS0" {
		return Finding{}, false // a further UART of a Pi 4 or 5, each of which has an overlay of its own
	}

	// On a Pi 5 the parameter of the RP1's UART wins over enable_uart=0.
	s, ok := config.last("enable_uart", true)
	if ok && s.value == "0" && !(m.board == pi5 && config.param("uart0")) {
		what := fmt.Sprintf("%s:%d: enable_uart=0 switches the port off", s.file, s.line)
		mend := fmt.Sprintf("sudo sed -i 's/^enable_uart=0/enable_uart=1/' %s", s.file)
		return wrong(check, what, mend, reboot).coded(scan.ServiceReaderNotFound), true
	}

	// From here on the line, if there is one, does not switch the port off.
	enabled := config.value("enable_uart") == "1"
	enables := func(s bootSetting) bool { return s.key == "enable_uart" && s.value == "1" }
	switch {
	case m.board == pi5 && !enabled && !config.param("uart0") && !config.overlay("uart0", "uart0-pi5"):
		return e.lineMissing(check, "dtparam=uart0=on", func(s bootSetting) bool {
			on, _ := s.param("uart0")
			return on || enables(s)
		}), true
	case m.board == radioPi && name == "ttyS0" && !enabled:
		return e.lineMissing(check, "enable_uart=1", enables), true
	case m.board == radioPi && name == "ttyAMA0":
		return e.bluetoothHasPort(check)
	}
	return Finding{}, false
}

// wrongName finds a port that the header's pins 8 and 10 cannot be on this board.
func (e *examination) wrongName(check string) (Finding, bool) {
	m, name := e.machine, e.port.name()

	var what string
	switch {
	case m.board == pi5 && (name == "ttyAMA10" || e.port.given == "/dev/serial0"):
		what = e.port.given +
			" is the debug port between the HDMI sockets of this board, not the header's pins 8 and 10"
	case name == "ttyS0" && m.board != radioPi:
		what = "this board has no mini-UART, so that there is no /dev/ttyS0"
	case name == "ttyS0" && m.uart() != "/dev/ttyS0":
		what = "with Bluetooth moved away the header's pins 8 and 10 are /dev/ttyAMA0, not /dev/ttyS0"
	default:
		return Finding{}, false
	}

	right := e.inConfig("reader", fmt.Sprintf(`: device = "pn532_uart:%s"`, m.uart()))
	return wrong(check, what, right).coded(scan.ServiceReaderNotFound), true
}

// bluetoothHasPort finds that the good UART of a board with a radio, the PL011, is not on the header, or that
// Bluetooth's service still takes it there.
func (e *examination) bluetoothHasPort(check string) (Finding, bool) {
	m := e.machine
	service := exists(e.Root, hciuart)

	if m.uart() != e.port.path {
		// If the line is there and has no effect, lineMissing has said where: that explains more than the radio does.
		movesIt := func(s bootSetting) bool { return s.loads("disable-bt", "miniuart-bt") }
		f := e.lineMissing(check, "dtoverlay=disable-bt", movesIt)
		if !slices.ContainsFunc(m.config.settings, movesIt) && exists(e.Root, m.config.file) {
			f.Found = "/dev/ttyAMA0 belongs to the Bluetooth chip on this board; " + f.Found
		}
		if service {
			f.Mend = slices.Insert(f.Mend, 1, "sudo systemctl disable hciuart.service") // before the reboot
		}
		return f, true
	}

	if m.config.overlay("disable-bt", "pi3-disable-bt") && service {
		return wrong(check, "hciuart.service starts Bluetooth on /dev/ttyAMA0, which is the reader's now",
			"sudo systemctl disable --now hciuart.service").coded(scan.ServiceReaderSilent), true
	}
	return Finding{}, false
}
