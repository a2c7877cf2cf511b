// SPDX-License-Identifier: Apache-2.0

package station

import (
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/uplink"
)

// signals is what the lamps show for each outcome.
var signals = map[scan.Outcome]led.Signal{
	scan.Pending:    led.Pending,
	scan.Valid:      led.Valid,
	scan.Invalid:    led.Invalid,
	scan.Unknown:    led.Again,
	scan.NotSent:    led.Again,
	scan.Refused:    led.Refused,
	scan.Foreign:    led.Refused,
	scan.Unreadable: led.Again,
	scan.Dropped:    led.Dark,
}

var foreignReasons = map[error]scan.Reason{
	uplink.ErrEntryPoint: scan.ReasonEntryPoint,
	uplink.ErrTagID:      scan.ReasonTagID,
	uplink.ErrParameters: scan.ReasonParameters,
}
