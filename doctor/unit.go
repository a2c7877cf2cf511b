// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
	"strings"
)

// unit checks that the station starts by itself, and that it runs.
func unit(e *exam) []Finding {
	const check = "service"
	file := unitFile(e.Root)
	name := cmp.Or(ServiceOf(e.Config.File), unitName)
	short := strings.TrimSuffix(name, ".service")
	running := Running(e.Root, e.Config.File)
	switch {
	case follow(e.Root, "/etc/systemd/system/"+name) == "/dev/null":
		return []Finding{wrong(check, name+" is masked", "sudo systemctl unmask "+name, "sudo systemctl enable --now "+short)}
	case file == "" && running != 0:
		return []Finding{fine(check, fmt.Sprintf("runs (pid %d), though not as a service", running))}
	case file == "":
		return []Finding{skipped(check, "not installed as a service")}
	case !exists(e.Root, "/etc/systemd/system/multi-user.target.wants/"+name):
		return []Finding{wrong(check, name+" does not start at boot", "sudo systemctl enable --now "+short)}
	case running == 0:
		return []Finding{wrong(check, name+" does not run", "sudo systemctl restart "+short, "journalctl -u "+short+" -n 20 -o cat")}
	default:
		return []Finding{fine(check, fmt.Sprintf("%s runs (pid %d) and starts at boot", name, running))}
	}
}

// configuration tells what check tells.
func configuration(e *exam) []Finding {
	const check = "configuration"
	if len(e.Config.Problems) == 0 {
		return []Finding{fine(check, e.Config.File)}
	}
	var found []Finding
	for _, p := range e.Config.Problems {
		found = append(found, wrong(check, p, "sudo editor "+e.Config.File, "tagbase-edge check --config "+e.Config.File))
	}
	return found
}
