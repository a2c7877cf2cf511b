// SPDX-License-Identifier: Apache-2.0

package station

import (
	"maps"
	"slices"

	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/uplink"
)

// Outcomes of a scan that never came to be posted; the others are the uplink's.
const (
	foreign    = "foreign"    // a tag, but not one of ours
	unreadable = "unreadable" // no URL could be read
	dropped    = "dropped"    // too many taps at once
)

// signals is what the lamps show for each outcome.
var signals = map[string]led.Signal{
	string(uplink.Pending): led.Pending,
	string(uplink.Valid):   led.Valid,
	string(uplink.Invalid): led.Invalid,
	string(uplink.Unknown): led.Again,
	string(uplink.NotSent): led.Again,
	string(uplink.Refused): led.Refused,
	foreign:                led.Refused,
	unreadable:             led.Again,
	dropped:                led.Dark,
}

var foreignReasons = map[error]string{
	uplink.ErrEntryPoint: "entry_point",
	uplink.ErrTagID:      "tag_id",
	uplink.ErrParameters: "parameters",
}

// Outcomes are all that a scan can come to, in alphabetical order.
func Outcomes() []string { return slices.Sorted(maps.Keys(signals)) }
