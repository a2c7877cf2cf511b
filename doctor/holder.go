// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"golang.org/x/sys/unix"
)

const self = "tagbase-edge"

// A process is one that has the reader's device open or locked.
type process struct {
	pid  int
	name string
	args string
	unit string // of systemd, if it belongs to one
}

var unitOfGroup = lazyregexp.New(`(?m)/([^/]+\.service)(/|$)`)

func (e *exam) process(pid int) process {
	dir := fmt.Sprintf("/proc/%d/", pid)
	p := process{
		pid:  pid,
		name: strings.TrimSpace(text(e.Root, dir+"comm")),
		args: strings.TrimSpace(strings.ReplaceAll(text(e.Root, dir+"cmdline"), "\x00", " ")),
	}
	if m := unitOfGroup().FindStringSubmatch(text(e.Root, dir+"cgroup")); m != nil {
		p.unit = m[1]
	}
	return p
}

func pids(root fs.FS) (found []int) {
	for _, name := range names(root, "/proc") {
		if pid, err := strconv.Atoi(name); err == nil {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}

// holders are the processes that have the device, and whether some could not be looked into.
func (e *exam) holders() (found []process, hidden bool) {
	held := make(map[int]bool)
	for _, pid := range pids(e.Root) {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		entries, err := fs.ReadDir(e.Root, rooted(dir))
		hidden = hidden || errors.Is(err, fs.ErrPermission)
		for _, fd := range entries {
			// The link's text, since to look at what is behind it may wait for ever.
			if target, err := fs.ReadLink(e.Root, rooted(dir+"/"+fd.Name())); err == nil && target == e.port.path {
				held[pid] = true
			}
		}
	}
	for _, pid := range e.lockers() {
		held[pid] = true
	}
	for _, pid := range slices.Sorted(maps.Keys(held)) {
		found = append(found, e.process(pid))
	}
	return found, hidden
}

// lockers reads lines such as "1: FLOCK  ADVISORY  WRITE 612 00:05:1042 0 EOF" (proc(5), /proc/locks).
func (e *exam) lockers() (found []int) {
	info, err := fs.Stat(e.Root, rooted(e.port.path))
	if err != nil {
		return nil
	}
	node, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	want := fmt.Sprintf("%02x:%02x:%d", unix.Major(node.Dev), unix.Minor(node.Dev), node.Ino)
	for _, line := range lines(e.Root, "/proc/locks") {
		f := strings.Fields(line)
		if len(f) != 8 || f[5] != want {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			found = append(found, pid)
		}
	}
	return found
}

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
	holders, hidden := e.holders()
	var found []Finding
	for _, p := range holders {
		if strings.HasPrefix(e.port.path, "/dev/pts/") && p.name != self {
			continue // a pseudo-terminal: whoever plays the reader holds it
		}
		if p.name == self {
			e.held = true
			found = append(found, fine(check, fmt.Sprintf("held by the daemon (pid %d)", p.pid)))
			continue
		}
		found = append(found, wrong(check, fmt.Sprintf("%s is held by %s (pid %d)", e.port.path, orElse(p.name, "a process"), p.pid),
			p.end()...).coded(codeReaderSilent))
	}
	if len(found) == 0 && hidden {
		return []Finding{skipped(check, "whether other users' programs hold it only root may know: sudo tagbase-edge doctor")}
	}
	return orFine(found, check, "nobody holds "+e.port.path)
}

// end is what ends a process for good.
func (p process) end() []string {
	if mend := busy[p.name]; mend != nil {
		return mend
	}
	if p.name == "agetty" || p.name == "login" {
		if strings.HasPrefix(p.unit, "serial-getty@") {
			return []string{"sudo systemctl mask --now " + p.unit}
		}
	}
	if p.unit != "" && !strings.HasPrefix(p.unit, "user@") && p.unit != "ssh.service" {
		return []string{"sudo systemctl disable --now " + p.unit}
	}
	return []string{fmt.Sprintf("sudo kill %d", p.pid)}
}

// usbHolder looks for the programs that claim USB readers.
func (e *exam) usbHolder(check string) Finding {
	for _, pid := range pids(e.Root) {
		switch p := e.process(pid); p.name {
		case "pcscd", "neard":
			return wrong(check, fmt.Sprintf("%s (pid %d) claims USB readers", p.name, pid), busy[p.name]...).coded(codeReaderSilent)
		case self:
			if strings.Contains(p.args, " reader ") {
				e.held = true
				return fine(check, fmt.Sprintf("held by the daemon (pid %d)", pid))
			}
		}
	}
	return fine(check, "nobody claims USB readers")
}
