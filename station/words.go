// SPDX-License-Identifier: Apache-2.0

package station

import (
	"fmt"
	"sync/atomic"
)

// serviceWords is each code in words.
var serviceWords = map[serviceCode]string{
	readerMissing:       "reader not found",
	readerSilent:        "reader does not answer",
	platformUnreachable: "platform unreachable",
	keyRefused:          "key refused",
	clockOrCertificate:  "clock or certificate",
	storage:             "storage",
	lampsFail:           "lamps",
}

// readied is whether the reader has answered since the start.
type readied struct{ atomic.Bool }

// Words is how the station is, in one line for a person.
func (s *Station) Words() string {
	s.services.mu.Lock()
	code := s.services.lowest()
	s.services.mu.Unlock()
	switch {
	case code != noService:
		return fmt.Sprintf("service code %d: %s", code, serviceWords[code])
	case !s.readied.Load():
		return "waiting for the reader"
	case !s.Platform.Met():
		return "reader ready, platform not met yet"
	default:
		return "reader ready, platform reached"
	}
}
