// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

var kernelVersion = lazyregexp.New(`^(\d+)\.(\d+)`)

const oldestDebian = 12 // systemd 252, Linux 6.1

// versions checks that the system is one that the station was made for.
func versions(e *exam) []Finding {
	const check = "versions"
	release := e.machine.release
	if n, err := strconv.Atoi(release["VERSION_ID"]); err == nil && n < oldestDebian && (release["ID"] == "debian" || release["ID"] == "raspbian") {
		return []Finding{wrong(check, fmt.Sprintf("%s is older than Debian 12 (bookworm)", release["PRETTY_NAME"]),
			"write a new card with Raspberry Pi OS Lite, Bookworm or Trixie, 64-bit")}
	}
	if m := kernelVersion().FindStringSubmatch(e.machine.kernel); m != nil {
		major, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		if major < 5 || major == 5 && minor < 10 {
			return []Finding{wrong(check, fmt.Sprintf("Linux %s is older than 5.10, from which on lamps can be lit", e.machine.kernel),
				"sudo apt full-upgrade", reboot)}
		}
	}
	said := []string{"tagbase-edge " + e.Config.Version}
	if e.machine.kernel != "" {
		said = append(said, "Linux "+e.machine.kernel)
	}
	return []Finding{fine(check, strings.Join(append(said, e.Probes.Versions...), ", "))}
}
