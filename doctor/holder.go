// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/procfs"
)

const self = "tagbase-edge"

// busy are programs that take ports or USB readers by themselves, and what ends them for good.
var busy = map[string][]string{
	"ModemManager": {"sudo systemctl disable --now ModemManager.service"},
	"brltty":       {"sudo systemctl mask --now brltty.service brltty-udev.service"},
	"pcscd":        {"sudo systemctl disable --now pcscd.socket pcscd.service"},
	"neard":        {"sudo systemctl disable --now neard.service"},
	"hciattach":    {"sudo systemctl disable --now hciuart.service"},
	"gpsd":         {"sudo systemctl disable --now gpsd.socket gpsd.service"},
}

// holder checks that nobody but the daemon has the reader's port.
func holder(e *exam) []Finding {
	const check = "port"
	if e.port.bus == busUSB {
		return []Finding{e.usbHolder(check)}
	}
	if !e.port.hasNode() {
		return []Finding{skipped(check, "the reader is no file in /dev")}
	}
	holders, hidden := procfs.Holders(e.Root, e.port.path)
	var found []Finding
	for _, pid := range holders {
		p := procfs.Lookup(e.Root, pid)
		if strings.HasPrefix(e.port.path, "/dev/pts/") && p.Name != self {
			continue // a pseudo-terminal: whoever plays the reader holds it
		}
		if p.Name == self {
			e.held = true
			found = append(found, fine(check, fmt.Sprintf("held by the daemon (pid %d)", p.PID)))
			continue
		}
		found = append(found, wrong(check, fmt.Sprintf("%s is held by %s (pid %d)", e.port.path, orElse(p.Name, "a process"), p.PID),
			end(p)...).coded(codeReaderSilent))
	}
	if len(found) == 0 && hidden {
		return []Finding{skipped(check, "whether other users' programs hold it only root may know: sudo tagbase-edge doctor")}
	}
	return orFine(found, check, "nobody holds "+e.port.path)
}

// end is what ends a process for good.
func end(p procfs.Process) []string {
	if mend := busy[p.Name]; mend != nil {
		return mend
	}
	if p.Name == "agetty" || p.Name == "login" {
		if strings.HasPrefix(p.Unit, "serial-getty@") {
			return []string{"sudo systemctl mask --now " + p.Unit}
		}
	}
	if p.Unit != "" && !strings.HasPrefix(p.Unit, "user@") && p.Unit != "ssh.service" {
		return []string{"sudo systemctl disable --now " + p.Unit}
	}
	return []string{fmt.Sprintf("sudo kill %d", p.PID)}
}

// usbHolder looks for the programs that claim USB readers.
func (e *exam) usbHolder(check string) Finding {
	for _, pid := range procfs.PIDs(e.Root) {
		switch p := procfs.Lookup(e.Root, pid); p.Name {
		case "pcscd", "neard":
			return wrong(check, fmt.Sprintf("%s (pid %d) claims USB readers", p.Name, pid), busy[p.Name]...).coded(codeReaderSilent)
		case self:
			if strings.Contains(p.Args, " reader ") {
				e.held = true
				return fine(check, fmt.Sprintf("held by the daemon (pid %d)", pid))
			}
		}
	}
	return fine(check, "nobody claims USB readers")
}
