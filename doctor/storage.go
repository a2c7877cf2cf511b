// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// enough is what the journal may need with its copies of damaged segments: 8 and 4 of 1 MiB.
const enough = 16 << 20 // bytes

// storage checks the card.
func storage(e *exam) []Finding {
	const check = "storage"
	dir := e.Config.StateDir
	if dir == "" {
		return []Finding{skipped(check, "no state_dir is known")}
	}
	m := mountOf(e.Root, dir)
	var found []Finding
	if slices.Contains(strings.Split(m.options, ","), "ro") {
		found = append(found, wrong(check, fmt.Sprintf("%s, where %s is, is mounted read-only", m.point, dir),
			"sudo mount -o remount,rw "+m.point, "if it comes back read-only the card is failing: copy it to a new one"))
	}
	for _, name := range names(e.Root, "/sys/fs/ext4") {
		if n := strings.TrimSpace(text(e.Root, "/sys/fs/ext4/"+name+"/errors_count")); n != "" && n != "0" {
			found = append(found, wrong(check, fmt.Sprintf("the file system on %s has counted %s errors", name, n),
				fmt.Sprintf("sudo sed -i '1s/$/ fsck.mode=force fsck.repair=yes/' %s/cmdline.txt", orElse(e.machine.bootDir, "/boot/firmware")),
				reboot, "if the number grows again the card is failing: copy it to a new one"))
		}
	}
	if e.Probes.Free != nil {
		if free, err := e.Probes.Free(nearest(e.Root, dir)); err == nil && free < enough {
			found = append(found, wrong(check, fmt.Sprintf("%d MiB are free where %s is", free>>20, dir),
				"sudo journalctl --vacuum-size=50M", "sudo apt clean", "sudo du -xh / | sort -h | tail -20"))
		}
	}
	if info, err := fs.Stat(e.Root, rooted(dir)); err == nil && e.user.known && !e.user.may(info, read|write) {
		found = append(found, wrong(check, fmt.Sprintf("%s may not write %s (%s)", e.user.name, dir, info.Mode().Perm()),
			fmt.Sprintf("sudo chown -R %s: %s", e.user.name, dir)))
	}
	for i := range found {
		found[i].Code = codeStorage
	}
	if len(found) > 0 {
		return found
	}
	f := fine(check, fmt.Sprintf("%s is on %s (%s)", dir, orElse(m.device, "the disk"), orElse(m.kind, "unknown")))
	if m.kind == "tmpfs" || m.kind == "overlay" {
		f.Better = append(f.Better, fmt.Sprintf("%s is forgotten at each boot; write in %s under [station] a state_dir on a disk", dir, e.Config.File))
	}
	return []Finding{f}
}

// nearest is the directory itself, or what is there of the way to it.
func nearest(root fs.FS, dir string) string {
	for dir != "/" && !exists(root, dir) {
		dir = path.Dir(dir)
	}
	return dir
}

// A mount is a line of /proc/mounts.
type mount struct{ device, point, kind, options string }

// mountOf is the mount that a directory is on.
func mountOf(root fs.FS, dir string) (m mount) {
	for _, line := range lines(root, "/proc/mounts") {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		if below := f[1] == "/" || dir == f[1] || strings.HasPrefix(dir, f[1]+"/"); below && len(f[1]) >= len(m.point) {
			m = mount{f[0], f[1], f[2], f[3]}
		}
	}
	return m
}
