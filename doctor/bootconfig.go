// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
)

const reboot = "sudo reboot"

// addLine is a command that adds a line to config.txt where it counts on every board.
func (m machine) addLine(line string) string {
	return fmt.Sprintf(`printf '\n[all]\n%s\n' | sudo tee -a %s`, line, m.config.file)
}

// bootConfig checks that config.txt switches on the port that the reader is on.
func bootConfig(e *exam) []Finding {
	const check = "config.txt"
	m := e.machine
	switch {
	case !e.port.onBoard():
		return []Finding{skipped(check, "the reader is not on the board's header")}
	case m.board == otherBoard:
		return []Finding{skipped(check, "not a Raspberry Pi")}
	case m.bootDir == "":
		return []Finding{wrong(check, "neither /boot/firmware/config.txt nor /boot/config.txt is there: the boot partition is not mounted",
			"sudo mount /boot/firmware").coded(codeReaderMissing)}
	}
	var found []Finding
	switch e.port.bus {
	case busUART:
		found = e.uartConfig(check)
	case busI2C:
		found = e.switchedOn(check, "dtparam=i2c_arm=on", "i2c_arm", "i2c1", "i2c")
	case busSPI:
		found = e.switchedOn(check, "dtparam=spi=on", "spi", "spi0")
	}
	if len(found) > 0 {
		return found
	}
	f := fine(check, fmt.Sprintf("%s switches on %s", m.config.file, e.port.path))
	if e.port.bus == busI2C {
		f.Better = e.i2cAdvice()
	}
	return []Finding{f}
}

func (e *exam) i2cAdvice() (better []string) {
	if e.machine.board != pi5 {
		better = append(better, "I2C of this board stretches the clock wrongly: wire the reader to the UART, or run: "+
			e.machine.addLine("dtoverlay=i2c-gpio,bus=1,i2c_gpio_sda=2,i2c_gpio_scl=3"))
	}
	if !slices.ContainsFunc(e.machine.config.settings, func(s bootSetting) bool {
		return s.counts && strings.Contains(s.value, "i2c_arm_baudrate=")
	}) {
		better = append(better, "a read takes four times as long as it need: "+e.machine.addLine("dtparam=i2c_arm_baudrate=400000"))
	}
	return better
}

// switchedOn wants one parameter of the base device tree.
func (e *exam) switchedOn(check, line string, params ...string) []Finding {
	if e.machine.config.param(params...) {
		return nil
	}
	return []Finding{e.notSet(check, line, func(s bootSetting) bool {
		on, _ := s.param(params...)
		return on
	})}
}

// notSet says that a line is missing, and whether it stands where it does not count.
func (e *exam) notSet(check, line string, is func(bootSetting) bool) Finding {
	m := e.machine
	why := fmt.Sprintf("%s does not have %s, so that there is no %s", m.config.file, line, e.port.path)
	for _, s := range m.config.settings {
		if is(s) && !s.counts {
			why = fmt.Sprintf("%s:%d: %s=%s stands under [%s], which does not count on this board", s.file, s.line, s.key, s.value, s.section)
		}
	}
	if other := "/boot/config.txt"; m.config.file != other && exists(e.Root, other) {
		for _, s := range readBootFile(e.Root, other, m.model).settings {
			if is(s) && s.counts {
				why = fmt.Sprintf("%s:%d: %s=%s stands in a file that this system does not read; it reads %s", other, s.line, s.key, s.value, m.config.file)
			}
		}
	}
	return wrong(check, why, m.addLine(line), reboot).coded(codeReaderMissing)
}

// uartConfig knows which line makes which port of GPIO14 and 15.
func (e *exam) uartConfig(check string) []Finding {
	m, name := e.machine, e.port.name()
	if f, ok := e.wrongName(check); ok {
		return []Finding{f}
	}
	if name != "ttyAMA0" && name != "ttyS0" {
		return nil // one of the further UARTs of a Pi 4 or 5, each by an overlay of its own
	}
	config := m.config
	if s, ok := config.last("enable_uart", true); ok && s.value == "0" && !(m.board == pi5 && config.param("uart0")) {
		return []Finding{wrong(check, fmt.Sprintf("%s:%d: enable_uart=0 switches the port off", s.file, s.line),
			fmt.Sprintf("sudo sed -i 's/^enable_uart=0/enable_uart=1/' %s", s.file), reboot).coded(codeReaderMissing)}
	}
	enabled := func(s bootSetting) bool { return s.key == "enable_uart" && s.value == "1" }
	switch {
	case m.board == pi5:
		if config.value("enable_uart") == "1" || config.param("uart0") || config.overlay("uart0", "uart0-pi5") {
			return nil
		}
		return []Finding{e.notSet(check, "dtparam=uart0=on", func(s bootSetting) bool {
			on, _ := s.param("uart0")
			return on || enabled(s)
		})}
	case m.board == radioPi && name == "ttyS0":
		if config.value("enable_uart") == "1" {
			return nil
		}
		return []Finding{e.notSet(check, "enable_uart=1", enabled)}
	case m.board == radioPi:
		return e.bluetooth(check)
	}
	return nil
}

// wrongName finds a port that is not what the header's pins are.
func (e *exam) wrongName(check string) (Finding, bool) {
	m, name := e.machine, e.port.name()
	right := fmt.Sprintf(`write in %s under [reader]: device = "pn532_uart:%s"`, e.Config.File, m.uart())
	switch {
	case m.board == pi5 && (name == "ttyAMA10" || e.port.given == "/dev/serial0"):
		return wrong(check, fmt.Sprintf("%s is the debug port between the HDMI sockets of this board, not the header's pins 8 and 10",
			e.port.given), right).coded(codeReaderMissing), true
	case name == "ttyS0" && m.board != radioPi:
		return wrong(check, "this board has no mini-UART, so that there is no /dev/ttyS0", right).coded(codeReaderMissing), true
	case name == "ttyS0" && m.uart() != "/dev/ttyS0":
		return wrong(check, "with Bluetooth moved out of the way the header's pins 8 and 10 are /dev/ttyAMA0, not /dev/ttyS0",
			right).coded(codeReaderMissing), true
	}
	return Finding{}, false
}

// bluetooth checks that the PL011 of a board with a radio is on the header.
func (e *exam) bluetooth(check string) []Finding {
	m := e.machine
	const unit = "/etc/systemd/system/multi-user.target.wants/hciuart.service"
	if m.uart() != e.port.path {
		is := func(s bootSetting) bool { return s.loads("disable-bt", "miniuart-bt") }
		f := e.notSet(check, "dtoverlay=disable-bt", is)
		if !slices.ContainsFunc(m.config.settings, is) && exists(e.Root, m.config.file) {
			f.Found = "/dev/ttyAMA0 is the Bluetooth chip's on this board; " + f.Found
		}
		f.Mend = []string{f.Mend[0]}
		if exists(e.Root, unit) {
			f.Mend = append(f.Mend, "sudo systemctl disable hciuart.service")
		}
		f.Mend = append(f.Mend, reboot)
		return []Finding{f}
	}
	if m.config.overlay("disable-bt", "pi3-disable-bt") && exists(e.Root, unit) {
		return []Finding{wrong(check, "hciuart.service starts Bluetooth on /dev/ttyAMA0, which is the reader's now",
			"sudo systemctl disable --now hciuart.service").coded(codeReaderSilent)}
	}
	return nil
}
