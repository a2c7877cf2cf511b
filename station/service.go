// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/scan"
)

// serviceOfTrouble is the code of each trouble with the platform.
var serviceOfTrouble = map[scan.Reason]scan.ServiceCode{
	scan.ReasonNetwork:  scan.ServicePlatformUnreachable,
	scan.ReasonDNS:      scan.ServicePlatformUnreachable,
	scan.ReasonNoAnswer: scan.ServicePlatformUnreachable,
	scan.ReasonServer:   scan.ServicePlatformUnreachable,
	scan.ReasonTLS:      scan.ServiceClockOrCertificate,
	scan.ReasonClock:    scan.ServiceClockOrCertificate,
	scan.ReasonKey:      scan.ServiceKeyRefused,
}

// services are the codes that are raised now; of several, the lowest shows.
type services struct {
	mu     sync.Mutex
	raised [scan.MaxServiceCode + 1]bool
}

// change clears some codes, raises one, shows what is left, and tells whether
// anything is other than before.
func (s *services) change(lamps *led.Lamps, raise scan.ServiceCode, clear ...scan.ServiceCode) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.raised
	for _, c := range clear {
		s.raised[c] = false
	}
	if raise != scan.ServiceNone {
		s.raised[raise] = true
	}
	lamps.Service(int(s.lowest()))
	return s.raised != before
}

// service does so, and hands on the code if another one shows now.
func (s *Station) service(raise scan.ServiceCode, clear ...scan.ServiceCode) bool {
	before := s.services.code()
	changed := s.services.change(s.Lamps, raise, clear...)
	if now := s.services.code(); now != before {
		s.Feed.Service(api.Service{Code: int(now), Words: now.String(), Mend: now.Mend()})
	}
	return changed
}

// code is the one that shows.
func (s *services) code() scan.ServiceCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lowest()
}

func (s *services) lowest() scan.ServiceCode {
	for c := scan.ServiceNone + 1; c <= scan.MaxServiceCode; c++ {
		if s.raised[c] {
			return c
		}
	}
	return scan.ServiceNone
}
