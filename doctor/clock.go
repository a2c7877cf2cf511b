// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// maxSkew is how far the clock may be off before it counts as wrong. Certificates allow more; the times in the
// journal and the log do not.
const maxSkew = 5 * time.Minute

// checkClock checks the board's clock, by which the platform's certificate is judged.
func checkClock(e *examination) []Finding {
	const check = "clock"
	mend := []string{"sudo timedatectl set-ntp true", "timedatectl timesync-status"}
	wrongClock := func(found string) []Finding {
		return []Finding{wrong(check, found, mend...).coded(scan.ServiceClockOrCertificate)}
	}

	now := e.Probes.Now
	if now.IsZero() {
		return []Finding{skipped(check, "not looked at")}
	}
	shown := now.UTC().Format(time.RFC3339)

	// What is certain comes first: no time service can make up for a clock before the program was built.
	if floor := e.Probes.Floor; floor.After(now) {
		passed := floor.UTC().Format(time.RFC3339)
		return wrongClock(fmt.Sprintf("%s is too early: %s has already passed", shown, passed))
	}

	// The answer's Date has whole seconds, so more digits would mean nothing.
	if skew := e.platform.Skew.Round(time.Second); e.platform.Dated && skew.Abs() > maxSkew {
		way := "ahead of"
		if skew < 0 {
			way = "behind"
		}
		return wrongClock(fmt.Sprintf("%s is %s %s the platform's", shown, skew.Abs(), way))
	}

	// systemd-timesyncd leaves a file; other services only tell the kernel.
	synchronised := exists(e.Root, "/run/systemd/timesync/synchronized")
	if !synchronised && e.Probes.Synchronised != nil {
		synchronised, _ = e.Probes.Synchronised()
	}
	switch {
	case synchronised:
		return []Finding{fine(check, shown+", synchronised")}
	case e.platform.Dated:
		f := fine(check, shown+", not synchronised, but the platform's clock agrees")
		f.Better = mend[:1]
		return []Finding{f}
	default:
		return wrongClock(shown + " is not synchronised, and there is no platform to compare it with")
	}
}
