// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"

	"github.com/tagbase/tagbase-edge/scan"
)

// checkCmdline checks that the kernel does not print its messages to the reader's port, where their bytes look
// like a broken reader.
func checkCmdline(e *examination) []Finding {
	const check = "cmdline.txt"
	switch {
	case e.port.bus != busUART:
		return []Finding{skipped(check, "the reader is not on the board's UART")}
	case e.machine.bootDir == "":
		return []Finding{skipped(check, "not a Raspberry Pi, or without its boot partition")}
	}
	file := e.machine.bootDir + "/cmdline.txt"

	var found []Finding
	words := strings.Fields(text(e.Root, file))
	for _, word := range words {
		if e.takesPort(word) {
			what := fmt.Sprintf("%s has %s: the kernel's messages go to the reader's port %s", file, word, e.port.path)
			mend := fmt.Sprintf("sudo sed -i 's|%s *||' %s", word, file)
			found = append(found, wrong(check, what, mend, reboot).coded(scan.ServiceReaderSilent))
		}
	}

	// People break the line while they edit it; then the root file system is often on the second one.
	if first := strings.Fields(lines(e.Root, file)[0]); len(first) < len(words) {
		what := file + " has more than one line, and only the first is read"
		mend := fmt.Sprintf(`sudo sed -i ':a;N;$!ba;s/\n/ /g' %s`, file)
		found = append(found, wrong(check, what, mend, reboot).coded(scan.ServiceReaderSilent))
	}
	if len(found) > 0 {
		return found
	}

	// The file is right, but the kernel read it at the last boot.
	for word := range strings.FieldsSeq(text(e.Root, "/proc/cmdline")) {
		if e.takesPort(word) {
			what := fmt.Sprintf("%s is in order, but the running kernel was started with %s", file, word)
			return []Finding{wrong(check, what, reboot).coded(scan.ServiceReaderSilent)}
		}
	}
	return []Finding{fine(check, fmt.Sprintf("%s keeps the kernel's messages off %s", file, e.port.path))}
}

// takesPort tells whether a kernel parameter puts a console or a debugger on the reader's port.
func (e *examination) takesPort(word string) bool {
	name, value, _ := strings.Cut(word, "=")
	if name != "console" && name != "kgdboc" {
		return false
	}

	// A speed can follow: console=ttyAMA0,115200.
	tty, _, _ := strings.Cut(value, ",")
	if tty == "serial0" {
		return e.machine.serial0() == e.port.path
	}
	return "/dev/"+tty == e.port.path
}
