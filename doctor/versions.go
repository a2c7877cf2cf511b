// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// oldestDebian is the oldest one that the package installs on: systemd 252, glibc 2.36, Linux 6.1.
const oldestDebian = 12

var kernelVersion = lazyregexp.New(`^(\d+)\.(\d+)`)

// checkVersions checks that the system is one that the station was made for.
func checkVersions(e *examination) []Finding {
	const check = "versions"
	release := e.machine.release

	isDebian := release["ID"] == "debian" || release["ID"] == "raspbian"
	if n, err := strconv.Atoi(release["VERSION_ID"]); err == nil && n < oldestDebian && isDebian {
		return []Finding{wrong(check, release["PRETTY_NAME"]+" is older than Debian 12 (bookworm)",
			"write a new card with Raspberry Pi OS Lite, Bookworm or Trixie, 64-bit")}
	}

	// 5.10 brought the second version of the kernel's GPIO interface, which the lamps need.
	if m := kernelVersion().FindStringSubmatch(e.machine.kernel); m != nil {
		major, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		if major < 5 || major == 5 && minor < 10 {
			what := fmt.Sprintf("Linux %s is older than 5.10, which the lamps need", e.machine.kernel)
			return []Finding{wrong(check, what, "sudo apt full-upgrade", reboot)}
		}
	}

	said := []string{"tagbase-edge " + e.Config.Version}
	if e.machine.kernel != "" {
		said = append(said, "Linux "+e.machine.kernel)
	}
	return []Finding{fine(check, strings.Join(append(said, e.Probes.Versions...), ", "))}
}
