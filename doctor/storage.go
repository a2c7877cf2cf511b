// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tagbase/tagbase-edge/scan"
)

// minFree is twice what the journal may need, eight segments of 1 MiB: other programs write to the card, too.
const minFree = 16 << 20 // bytes

// checkStorage checks the card that the state directory is on.
func checkStorage(e *examination) []Finding {
	const check = "storage"
	dir := e.Config.StateDir
	if dir == "" {
		return []Finding{skipped(check, "no state_dir is known")}
	}

	m := mountOf(e.Root, dir)
	if found := e.storageFaults(check, dir, m); len(found) > 0 {
		return found
	}

	f := fine(check, fmt.Sprintf("%s is on %s (%s)", dir, orElse(m.device, "the disk"), orElse(m.kind, "unknown")))
	if m.kind == "tmpfs" || m.kind == "overlay" {
		f.Better = append(f.Better, fmt.Sprintf("%s is emptied at every boot; %s", dir,
			e.inConfig("station", " a state_dir on a disk")))
	}
	return []Finding{f}
}

// storageFaults returns everything that is wrong: a failing card often shows in several ways.
func (e *examination) storageFaults(check, dir string, m mount) (found []Finding) {
	add := func(what string, mend ...string) {
		found = append(found, wrong(check, what, mend...).coded(scan.ServiceStorage))
	}

	if slices.Contains(strings.Split(m.options, ","), "ro") {
		add(fmt.Sprintf("%s, where %s is, is mounted read-only", m.point, dir),
			"sudo mount -o remount,rw "+m.point, "if it comes back read-only the card is failing: copy it to a new one")
	}

	// ext4 counts the errors that it has found since the file system was last checked.
	for _, name := range names(e.Root, "/sys/fs/ext4") {
		if n := strings.TrimSpace(text(e.Root, "/sys/fs/ext4/"+name+"/errors_count")); n != "" && n != "0" {
			boot := orElse(e.machine.bootDir, "/boot/firmware")
			add(fmt.Sprintf("the file system on %s has counted %s errors", name, n),
				fmt.Sprintf("sudo sed -i '1s/$/ fsck.mode=force fsck.repair=yes/' %s/cmdline.txt", boot), reboot,
				"if the number grows again the card is failing: copy it to a new one")
		}
	}

	if e.Probes.Free != nil {
		if free, err := e.Probes.Free(nearest(e.Root, dir)); err == nil && free < minFree {
			add(fmt.Sprintf("%d MiB are free where %s is", free>>20, dir),
				"sudo journalctl --vacuum-size=50M", "sudo apt clean", "sudo du -xh / | sort -h | tail -20")
		}
	}

	info, err := fs.Stat(e.Root, rooted(dir))
	if err == nil && e.user.known && !e.user.may(info, read|write) {
		add(fmt.Sprintf("%s may not write %s (%s)", e.user.name, dir, info.Mode().Perm()),
			fmt.Sprintf("sudo chown -R %s: %s", e.user.name, dir))
	}
	return found
}

// nearest returns dir, or the nearest directory above it that exists.
func nearest(root fs.FS, dir string) string {
	for dir != "/" && !exists(root, dir) {
		dir = path.Dir(dir)
	}
	return dir
}

// A mount is a line of /proc/mounts.
type mount struct{ device, point, kind, options string }

// mountOf returns the mount that a directory is on: the one with the longest mount point above it, and of two at the
// same point the later one, which hides the other.
func mountOf(root fs.FS, dir string) (m mount) {
	for _, line := range lines(root, "/proc/mounts") {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		above := f[1] == "/" || dir == f[1] || strings.HasPrefix(dir, f[1]+"/")
		if above && len(f[1]) >= len(m.point) {
			m = mount{f[0], f[1], f[2], f[3]}
		}
	}
	return m
}
