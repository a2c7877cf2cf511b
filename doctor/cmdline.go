// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"
)

// commandLine checks that the kernel does not write its messages to the reader's
// port: bytes that look like a broken reader.
func commandLine(e *exam) []Finding {
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
			found = append(found, wrong(check, fmt.Sprintf("%s has %s: the kernel's messages go to the reader's port %s", file, word, e.port.path),
				fmt.Sprintf("sudo sed -i 's|%s *||' %s", word, file), reboot).coded(codeReaderSilent))
		}
	}
	if n := len(strings.Fields(strings.Join(lines(e.Root, file)[:1], ""))); n < len(words) {
		found = append(found, wrong(check, fmt.Sprintf("%s has more than one line, and only the first is read", file),
			fmt.Sprintf(`sudo sed -i ':a;N;$!ba;s/\n/ /g' %s`, file), reboot).coded(codeReaderSilent))
	}
	if len(found) > 0 {
		return found
	}
	for word := range strings.FieldsSeq(text(e.Root, "/proc/cmdline")) {
		if e.takesPort(word) {
			return []Finding{wrong(check, fmt.Sprintf("%s is in order, but the running kernel was started with %s", file, word),
				reboot).coded(codeReaderSilent)}
		}
	}
	return []Finding{fine(check, fmt.Sprintf("%s leaves %s alone", file, e.port.path))}
}

// takesPort tells of a kernel parameter that puts a console or a debugger on the reader's port.
func (e *exam) takesPort(word string) bool {
	name, value, _ := strings.Cut(word, "=")
	if name != "console" && name != "kgdboc" {
		return false
	}
	tty, _, _ := strings.Cut(value, ",")
	if tty == "serial0" {
		return e.machine.serial0() == e.port.path
	}
	return "/dev/"+tty == e.port.path
}
