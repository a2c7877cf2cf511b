// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync"

	"github.com/tagbase/tagbase-edge/uplink"
)

// A serviceCode says that a station needs a technician, and for what. The same
// number is blinked, logged and explained in the docs.
type serviceCode int

const (
	noService           serviceCode = 0
	readerMissing       serviceCode = 1
	readerSilent        serviceCode = 2
	platformUnreachable serviceCode = 3
	keyRefused          serviceCode = 4
	clockOrCertificate  serviceCode = 5
	lampsFail           serviceCode = 7
)

// serviceOfReason is the code of a scan that failed for a reason of the
// station's own; any other reason has none.
var serviceOfReason = map[uplink.Reason]serviceCode{
	uplink.NotSentNetwork: platformUnreachable,
	uplink.NotSentDNS:     platformUnreachable,
	uplink.NotSentTLS:     clockOrCertificate,
	uplink.NotSentClock:   clockOrCertificate,
	uplink.RefusedKey:     keyRefused,
}

// services are the codes that are raised now; of several, the lowest shows.
type services struct {
	mu     sync.Mutex
	raised [lampsFail + 1]bool
}

func (s *services) raise(c serviceCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raised[c] = true
}

func (s *services) clear(codes ...serviceCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range codes {
		s.raised[c] = false
	}
}

func (s *services) lowest() serviceCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := noService + 1; c <= lampsFail; c++ {
		if s.raised[c] {
			return c
		}
	}
	return noService
}
