// SPDX-License-Identifier: Apache-2.0

package station

import (
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/uplink"
)

// signals is what the lamps show for each outcome. Green stands for Valid alone, red for Invalid alone.
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

// foreignReasons is the reason for each error of uplink.Tags.
var foreignReasons = map[error]scan.Reason{
	uplink.ErrEntryPoint: scan.ReasonEntryPoint,
	uplink.ErrTagID:      scan.ReasonTagID,
	uplink.ErrParameters: scan.ReasonParameters,
}
