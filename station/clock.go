// SPDX-License-Identifier: Apache-2.0

package station

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is CLOCK_BOOTTIME, which no clock step moves and no suspend stops (clock_gettime(2)).
func sinceBoot() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // it cannot fail for a clock that exists

	return time.Duration(ts.Nano())
}

// bootID tells one boot of the board from another (random(4)). It is "" where the kernel does not
// say.
var bootID = sync.OnceValue(func() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
})

// clockSynced reports whether systemd-timesyncd has set the wall clock in this boot
// (systemd-timesyncd.service(8)).
func clockSynced() bool {
	_, err := os.Stat("/run/systemd/timesync/synchronized")
	return err == nil
}
