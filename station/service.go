// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/scan"
)

// serviceOfTrouble is the service code for each trouble with the platform (uplink.Platform.Trouble).
var serviceOfTrouble = map[scan.Reason]scan.ServiceCode{
	scan.ReasonNetwork:  scan.ServicePlatformUnreachable,
	scan.ReasonDNS:      scan.ServicePlatformUnreachable,
	scan.ReasonNoAnswer: scan.ServicePlatformUnreachable,
	scan.ReasonServer:   scan.ServicePlatformUnreachable,
	scan.ReasonTLS:      scan.ServiceClockOrCertificate,
	scan.ReasonClock:    scan.ServiceClockOrCertificate,
	scan.ReasonKey:      scan.ServiceKeyRefused,
}

// services are the service codes that are raised now. Of several, the lowest shows.
type services struct {
	mu     sync.Mutex // guards raised: receive, serve and upkeep raise codes
	raised [scan.MaxServiceCode + 1]bool
}

// change clears some codes, raises one, and has the lamps show what is left. It reports whether
// any code has changed.
func (s *services) change(lamps *led.Lamps, raise scan.ServiceCode, clear ...scan.ServiceCode) bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	before := s.raised
	for _, c := range clear {
		s.raised[c] = false
	}
	// After clear, which may hold the same code.
	if raise != scan.ServiceNone {
		s.raised[raise] = true
	}

	// Under the lock, so that the lamps show the codes in the order of their changes.
	lamps.Service(int(s.lowest()))

	return s.raised != before
}

// setService clears some codes and raises one. If another code shows then, listeners learn it. It
// reports whether any code has changed.
func (s *Station) setService(raise scan.ServiceCode, clear ...scan.ServiceCode) bool {
	before := s.services.code()
	changed := s.services.change(s.Lamps, raise, clear...)

	if now := s.services.code(); now != before {
		s.Feed.Service(api.ServiceStatus{Code: int(now), Words: now.String(), Mend: now.Mend()})
	}

	return changed
}

// code returns the code that the lamps blink, ServiceNone without one.
func (s *services) code() scan.ServiceCode {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.lowest()
}

// lowest is the lowest code that is raised. mu is held.
func (s *services) lowest() scan.ServiceCode {
	for c := scan.ServiceNone + 1; c <= scan.MaxServiceCode; c++ {
		if s.raised[c] {
			return c
		}
	}

	return scan.ServiceNone
}
