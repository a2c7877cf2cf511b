// SPDX-License-Identifier: Apache-2.0

// Package doctor finds out why a station does not work, and says what mends it.
//
// It looks at things in the order in which they break, from the board to the
// platform: what the firmware was told at boot, who else talks on the serial
// port, who may open it, whether the chip behind it answers, the lamps, the
// card, the clock, the network, the key. Each thing looked at is a Finding, and
// a Finding that is Wrong holds the commands or lines that mend it, to be
// copied as they are.
//
// What is on the machine is read from a file system, so that a board that is not
// here can be examined too; what must be tried is tried by Probes. Nothing is
// written, and nothing is sent to a port that the configuration does not name.
package doctor

// A Status is what became of a check.
type Status string

const (
	OK      Status = "ok"
	Wrong   Status = "wrong"
	Skipped Status = "skipped" // does not apply here, or could not be looked at
)

// A Finding is one thing that was looked at.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	// Mend is what to run or to write, a line each, in that order.
	Mend []string `json:"mend,omitempty"`
	// Better is what would do no harm to run or write, though nothing is wrong.
	Better []string `json:"better,omitempty"`
	// Code is the service code that the lamps show for this; 0 is none.
	Code int `json:"service_code,omitempty"`
}

// Service codes, as the lamps blink them.
const (
	codeReaderMissing = 1
	codeReaderSilent  = 2
	codePlatform      = 3
	codeKey           = 4
	codeClock         = 5
	codeStorage       = 6
	codeLamps         = 7
)

// Examine looks at everything, in the order in which things break.
func Examine(s Station) []Finding {
	e := &exam{Station: s, machine: readMachine(s.Root)}
	device := s.Config.Device
	if device == "" {
		device = e.machine.usual(s.Root)
	}
	e.port = parsePort(s.Root, device)
	e.port.resolve(s.Root)
	if e.Probes.Platform != nil {
		e.platform = e.Probes.Platform()
	}
	e.user = e.daemonUser()
	var found []Finding
	for _, check := range []func(*exam) []Finding{
		configuration, board, bootConfig, commandLine, getty,
		node, permission, modules, holder, readerSteps,
		lamps, storage, clock, network, key, unit, versions,
	} {
		found = append(found, check(e)...)
	}
	return found
}

// Healthy tells whether nothing is wrong.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Wrong {
			return false
		}
	}
	return true
}

// An exam is one look at one station.
type exam struct {
	Station
	machine  machine
	port     port
	user     user // whom the daemon runs as
	held     bool // by the daemon, so that the reader cannot be tried
	platform Platform
}

func fine(check, found string) Finding { return Finding{Check: check, Status: OK, Found: found} }

func skipped(check, why string) Finding { return Finding{Check: check, Status: Skipped, Found: why} }

func wrong(check, found string, mend ...string) Finding {
	return Finding{Check: check, Status: Wrong, Found: found, Mend: mend}
}

func (f Finding) coded(code int) Finding {
	f.Code = code
	return f
}

// orFine is what was found wrong, or that nothing was.
func orFine(found []Finding, check, what string) []Finding {
	if len(found) > 0 {
		return found
	}
	return []Finding{fine(check, what)}
}
