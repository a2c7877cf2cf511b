// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/procfs"
	"github.com/tagbase/tagbase-edge/scan"
)

// portGrabbers are programs that open ports or USB readers without being asked, and what stops each of them for good.
var portGrabbers = map[string]string{
	"ModemManager": "sudo systemctl disable --now ModemManager.service",
	"brltty":       "sudo systemctl mask --now brltty.service brltty-udev.service",
	"pcscd":        "sudo systemctl disable --now pcscd.socket pcscd.service",
	"neard":        "sudo systemctl disable --now neard.service",
	"hciattach":    "sudo systemctl disable --now hciuart.service",
	"gpsd":         "sudo systemctl disable --now gpsd.socket gpsd.service",
}

// checkHolder checks that no program but the daemon holds the reader's port. It sets e.held.
func checkHolder(e *examination) []Finding {
	const check = "port"
	if e.port.bus == busUSB {
		return []Finding{e.usbHolder(check)}
	}
	if !e.port.isFile() {
		return []Finding{skipped(check, "the reader is not a file in /dev")}
	}

	// The daemon and another program can hold the port at once: libnfc takes no lock.
	var found []Finding
	holders, hidden := procfs.Holders(e.Root, e.port.path)
	for _, pid := range holders {
		switch p := procfs.Lookup(e.Root, pid); {
		case p.Name == self:
			e.held = true
			found = append(found, heldByDaemon(check, pid))
		case strings.HasPrefix(e.port.path, "/dev/pts/"):
			// A pseudo-terminal: the program that plays the reader holds its other end.
		default:
			what := fmt.Sprintf("%s is held by %s (pid %d)", e.port.path, orElse(p.Name, "a process"), pid)
			found = append(found, wrong(check, what, stopForGood(p)).coded(scan.ServiceReaderSilent))
		}
	}

	switch {
	case len(found) > 0:
		return found
	case hidden:
		return []Finding{skipped(check, "cannot see other users' processes; run with sudo: sudo tagbase-edge doctor")}
	default:
		return []Finding{fine(check, "no program holds "+e.port.path)}
	}
}

func heldByDaemon(check string, pid int) Finding {
	return fine(check, fmt.Sprintf("held by the daemon (pid %d)", pid))
}

// stopForGood is the command after which a process does not come back, or does not soon.
func stopForGood(p procfs.Process) string {
	if command := portGrabbers[p.Name]; command != "" {
		return command
	}

	isLogin := p.Name == "agetty" || p.Name == "login"
	if isLogin && strings.HasPrefix(p.Unit, "serial-getty@") {
		return "sudo systemctl mask --now " + p.Unit
	}

	// A program that a person started runs below user@… or ssh.service: nobody wants these disabled.
	if p.Unit != "" && !strings.HasPrefix(p.Unit, "user@") && p.Unit != "ssh.service" {
		return "sudo systemctl disable --now " + p.Unit
	}
	return fmt.Sprintf("sudo kill %d", p.PID)
}

// usbHolder looks for the programs that claim USB readers: libusb's claim shows in no file of /proc.
func (e *examination) usbHolder(check string) Finding {
	for _, pid := range procfs.PIDs(e.Root) {
		switch p := procfs.Lookup(e.Root, pid); p.Name {
		case "pcscd", "neard":
			what := fmt.Sprintf("%s (pid %d) claims USB readers", p.Name, pid)
			return wrong(check, what, stopForGood(p)).coded(scan.ServiceReaderSilent)
		case self:
			// The daemon itself has no reader: its child has.
			if strings.Contains(p.Args, " reader ") {
				e.held = true
				return heldByDaemon(check, pid)
			}
		}
	}
	return fine(check, "no program claims USB readers")
}
