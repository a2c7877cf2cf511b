// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
	"io/fs"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/procfs"
)

// unitName is the service of a board's first station.
const unitName = "tagbase-edge.service"

// unitDirs are where systemd looks for units, the first before the others (systemd.unit(5)).
var unitDirs = []string{
	"/etc/systemd/system/", "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/",
}

// unitFile is where the unit is installed, or "".
func unitFile(root fs.FS) string {
	for _, dir := range unitDirs {
		if exists(root, dir+unitName) {
			return dir + unitName
		}
	}
	return ""
}

// ServiceOf returns the systemd service that runs a configuration: the plain one, or one of its template. It is ""
// if no service takes a configuration from there.
func ServiceOf(config string) string {
	name, ok := strings.CutPrefix(config, "/etc/tagbase-edge/")
	instance, toml := strings.CutSuffix(name, ".toml")
	switch {
	case !ok || !toml || instance == "" || strings.Contains(instance, "/"):
		return ""
	case instance == "config":
		return unitName
	default:
		return "tagbase-edge@" + instance + ".service"
	}
}

// Running returns the process of the daemon that runs with a configuration, or with any if config is "". It is 0 if
// no daemon does.
func Running(root fs.FS, config string) int {
	for _, pid := range procfs.PIDs(root) {
		p := procfs.Lookup(root, pid)
		isDaemon := p.Name == self && strings.Contains(p.Args+" ", " run ") // and not the reader's process
		if isDaemon && strings.HasSuffix(p.Args, config) {
			return pid
		}
	}
	return 0
}

// checkService checks that the station starts by itself, and that it runs.
func checkService(e *examination) []Finding {
	const check = "service"
	name := cmp.Or(ServiceOf(e.Config.File), unitName)
	short := strings.TrimSuffix(name, ".service")
	installed := unitFile(e.Root) != ""
	pid := Running(e.Root, e.Config.File)

	// Masked first: enable and restart both fail on a masked unit.
	switch {
	case follow(e.Root, "/etc/systemd/system/"+name) == "/dev/null":
		return []Finding{wrong(check, name+" is masked",
			"sudo systemctl unmask "+name, "sudo systemctl enable --now "+short)}
	case !installed && pid != 0:
		return []Finding{fine(check, fmt.Sprintf("runs (pid %d), but not as a service", pid))}
	case !installed:
		return []Finding{skipped(check, "not installed as a service")}
	case !exists(e.Root, "/etc/systemd/system/multi-user.target.wants/"+name):
		return []Finding{wrong(check, name+" does not start at boot", "sudo systemctl enable --now "+short)}
	case pid == 0:
		return []Finding{wrong(check, name+" does not run",
			"sudo systemctl restart "+short, "journalctl -u "+short+" -n 20 -o cat")}
	default:
		return []Finding{fine(check, fmt.Sprintf("%s runs (pid %d) and starts at boot", name, pid))}
	}
}

// checkConfiguration repeats what tagbase-edge check says. It has no service code: a daemon whose configuration is
// wrong does not start, so its lamps cannot show one.
func checkConfiguration(e *examination) []Finding {
	const check = "configuration"
	if len(e.Config.Problems) == 0 {
		return []Finding{fine(check, e.Config.File)}
	}

	var found []Finding
	for _, p := range e.Config.Problems {
		found = append(found, wrong(check, p,
			"sudo editor "+e.Config.File, "tagbase-edge check --config "+e.Config.File))
	}
	return found
}
