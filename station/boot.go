// SPDX-License-Identifier: Apache-2.0

package station

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is CLOCK_BOOTTIME, which no clock step moves and no suspend stops.
func sinceBoot() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano())
}

// bootID tells one boot from another (random(4)), or is "" where nobody knows.
var bootID = sync.OnceValue(func() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
})

// clockSynced tells whether systemd-timesyncd has set the wall clock in this boot.
func clockSynced() bool {
	_, err := os.Stat("/run/systemd/timesync/synchronized")
	return err == nil
}
