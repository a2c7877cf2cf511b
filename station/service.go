// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/led"
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
	storage             serviceCode = 6
	lampsFail           serviceCode = 7
)

// serviceOfTrouble is the code of each trouble with the platform.
var serviceOfTrouble = map[uplink.Reason]serviceCode{
	uplink.NotSentNetwork:  platformUnreachable,
	uplink.NotSentDNS:      platformUnreachable,
	uplink.UnknownNoAnswer: platformUnreachable,
	uplink.UnknownServer:   platformUnreachable,
	uplink.NotSentTLS:      clockOrCertificate,
	uplink.NotSentClock:    clockOrCertificate,
	uplink.RefusedKey:      keyRefused,
}

// services are the codes that are raised now; of several, the lowest shows.
type services struct {
	mu     sync.Mutex
	raised [lampsFail + 1]bool
}

// change clears some codes, raises one, shows what is left, and tells whether
// anything is other than before.
func (s *services) change(lamps *led.Lamps, raise serviceCode, clear ...serviceCode) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.raised
	for _, c := range clear {
		s.raised[c] = false
	}
	if raise != noService {
		s.raised[raise] = true
	}
	lamps.Service(int(s.lowest()))
	return s.raised != before
}

// service does so, and hands on the code if another one shows now.
func (s *Station) service(raise serviceCode, clear ...serviceCode) bool {
	before := s.services.code()
	changed := s.services.change(s.Lamps, raise, clear...)
	if now := s.services.code(); now != before {
		s.Feed.Service(api.Service{Code: int(now), Words: serviceWords[now], Mend: serviceMends[now]})
	}
	return changed
}

// code is the one that shows.
func (s *services) code() serviceCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lowest()
}

func (s *services) lowest() serviceCode {
	for c := noService + 1; c <= lampsFail; c++ {
		if s.raised[c] {
			return c
		}
	}
	return noService
}
