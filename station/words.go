// SPDX-License-Identifier: Apache-2.0

package station

import "fmt"

// serviceWords is each code in words.
var serviceWords = map[serviceCode]string{
	noService:           "none",
	readerMissing:       "reader not found",
	readerSilent:        "reader does not answer",
	platformUnreachable: "platform unreachable",
	keyRefused:          "key refused",
	clockOrCertificate:  "clock or certificate",
	storage:             "storage",
	lampsFail:           "lamps",
}

// serviceMends is what a technician does about each code. The README has them too.
var serviceMends = map[serviceCode]string{
	readerMissing:       "look at the cable, reader.device and the permission of the port; sudo tagbase-edge doctor tells which",
	readerSilent:        "look at the reader's power, wires and mode switches, and for another program at its port; sudo tagbase-edge doctor tells which",
	platformUnreachable: "look at the network, DNS and platform.base_url; sudo tagbase-edge doctor tells which",
	keyRefused:          "put a new key into the key file, then: sudo systemctl restart tagbase-edge",
	clockOrCertificate:  "set the board's clock, or correct platform.ca_file; sudo tagbase-edge doctor tells which",
	storage:             "look at the card: full, failing or read-only; scans go on",
	lampsFail:           "look at the wires and lines of leds.*; sudo tagbase-edge doctor tells which",
}

// Words is how the station is, in one line for a person.
func (s *Station) Words() string {
	code := s.services.code()
	switch {
	case code != noService:
		return fmt.Sprintf("service code %d: %s", code, serviceWords[code])
	case s.now.Load() == nil:
		return "waiting for the reader"
	case !s.Platform.Met():
		return "reader ready, platform not met yet"
	default:
		return "reader ready, platform reached"
	}
}
