// SPDX-License-Identifier: Apache-2.0

package doctor

import "fmt"

// self is the name of the daemon's processes, and how the lines that they hold begin.
const self = "tagbase-edge"

// What several checks tell a technician to run.
const (
	reboot  = "sudo reboot"
	restart = "sudo systemctl restart tagbase-edge"
)

// An examination is one look at one station: the Subject, and what is read of it before the first check.
type examination struct {
	Subject
	machine  machine
	port     readerPort
	user     account       // whom the daemon runs as
	held     bool          // the daemon holds the reader: checkHolder sets it for checkReader
	platform PlatformReach // zero if the platform was not asked
}

// checks are in the order that the package comment gives reasons for.
var checks = []func(*examination) []Finding{
	checkConfiguration, checkBoard,
	checkConfigTxt, checkCmdline, checkLogin, checkDevice, checkPermission, checkModules, checkHolder, checkReader,
	checkLamps, checkStorage, checkClock,
	checkNetwork, checkKey,
	checkService, checkVersions,
}

// Examine makes every check, in the order in which things break. It takes as long as the Probes take.
func Examine(s Subject) []Finding {
	e := &examination{Subject: s, machine: readMachine(s.Root)}

	// Before a reader is configured, the port is examined that docs/install.md tells people to use.
	device := s.Config.Device
	if device == "" {
		device = e.machine.usual(s.Root)
	}
	e.port = parsePort(s.Root, device)
	e.user = e.daemonUser()

	// The platform is asked once, for three checks: the clock, the network and the key.
	if e.Probes.Platform != nil {
		e.platform = e.Probes.Platform()
	}

	var found []Finding
	for _, check := range checks {
		found = append(found, check(e)...)
	}
	return found
}

// inConfig is a mend: what to write into a table of the configuration.
func (e *examination) inConfig(table, what string) string {
	return fmt.Sprintf("write in %s under [%s]%s", e.Config.File, table, what)
}

// orElse returns text, or other if text is empty.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
