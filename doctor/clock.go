// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"time"
)

// skewed is how far the clock may be off before somebody should know.
const skewed = 5 * time.Minute

// clock checks the board's clock: the platform's certificate is judged by it.
func clock(e *exam) []Finding {
	const check = "clock"
	mend := []string{"sudo timedatectl set-ntp true", "timedatectl timesync-status"}
	now := e.Probes.Now
	if now.IsZero() {
		return []Finding{skipped(check, "not looked at")}
	}
	shown := now.UTC().Format(time.RFC3339)
	if e.Probes.Floor.After(now) {
		return []Finding{wrong(check, fmt.Sprintf("%s is in the past: %s has been before", shown, e.Probes.Floor.UTC().Format(time.RFC3339)),
			mend...).coded(codeClock)}
	}
	if skew := e.platform.Skew.Round(time.Second); e.platform.Dated && skew.Abs() > skewed {
		way := "ahead of"
		if skew < 0 {
			way = "behind"
		}
		return []Finding{wrong(check, fmt.Sprintf("%s is %s %s the platform's", shown, skew.Abs(), way), mend...).coded(codeClock)}
	}
	synchronised := exists(e.Root, "/run/systemd/timesync/synchronized")
	if !synchronised && e.Probes.Synchronised != nil {
		synchronised, _ = e.Probes.Synchronised()
	}
	switch {
	case synchronised:
		return []Finding{fine(check, shown+", synchronised")}
	case e.platform.Dated:
		f := fine(check, shown+", not synchronised, and right by the platform's")
		f.Better = mend[:1]
		return []Finding{f}
	default:
		return []Finding{wrong(check, shown+" is not synchronised, and nothing tells whether it is right", mend...).coded(codeClock)}
	}
}
