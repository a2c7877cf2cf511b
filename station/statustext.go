// SPDX-License-Identifier: Apache-2.0

package station

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/scan"
)

// StatusText is how the station is, in one line for a person.
func (s *Station) StatusText() string {
	code := s.services.code()
	switch {
	case code != scan.ServiceNone:
		return fmt.Sprintf("service code %d: %s", int(code), code)
	case s.readerView.Load() == nil:
		return "waiting for the reader"
	case s.readerView.resting() >= api.RestsTooLong:
		return "something lies on the reader: take it away"
	case !s.Platform.Met():
		return "reader ready, platform not met yet"
	default:
		return "reader ready, platform reached"
	}
}
