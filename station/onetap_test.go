// SPDX-License-Identifier: Apache-2.0

package station

import (
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
)

// tapTwoProofs takes a whole tap with the proof of tagA and a second one.
func (r *testStation) tapTwoProofs(second string) {
	tap := r.readEarlyURL(tagA)
	tap.Second = second
	r.finishTap(tap)
}

// The second proof of a tap is posted only after pending, for the same tag, and in the session that
// the first one opened.
func TestSecondProofContinuesThePendingSession(t *testing.T) {
	t.Parallel()
	platform := make(scriptedPlatform)
	r := newTestStation(t, platform)
	r.station.OneTap = true

	r.tapTwoProofs(tagA + "2")
	platform.answers(t, "pending")
	first := r.wantScan("pending", "")
	platform.answers(t, "valid")
	second := r.wantScan("valid", "")

	if first["carried_session"] != "" || second["carried_session"] != "ses_1" || first["seq"] == second["seq"] {
		t.Errorf("first %v, second %v; want two scans, the second in ses_1", first, second)
	}
	r.awaitLamps(green)
}

// Whatever else the first proof comes to, and whenever its session is not the one that the tag is in,
// the second proof is thrown away.
func TestSecondProofIsThrownAway(t *testing.T) {
	for _, tt := range []struct {
		name, answer, outcome, reason, second string
		window                                time.Duration // for which a session lives
	}{
		{"after valid", "valid", "valid", "", tagA + "2", 10 * time.Minute},
		{"after invalid", "invalid", "invalid", "", tagA + "2", 10 * time.Minute},
		{"after an error of the platform", "500", "unknown", "server", tagA + "2", 10 * time.Minute},
		{"of another tag", "pending", "pending", "", tagB, 10 * time.Minute},
		{"that is foreign", "pending", "pending", "", "https://elsewhere.example/?x=1", 10 * time.Minute},
		{"whose session has ended", "pending", "pending", "", tagA + "2", time.Nanosecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			platform := make(scriptedPlatform)
			r := newTestStation(t, platform)
			r.station.OneTap = true
			r.station.Sessions = session.New(tt.window, session.UntilResolved)

			r.tapTwoProofs(tt.second)
			platform.answers(t, tt.answer)
			r.wantScan(tt.outcome, tt.reason)

			// The next tap is the next thing that the platform is asked. It has no word for that, nor would
			// it have one for the second proof.
			close(platform)
			r.finishTap(reader.Tap{UID: "05", URL: tagB, Entered: time.Now(), Read: time.Now()})
			if line := r.wantScan("unknown", "bad_answer"); line["uid"] != "05" {
				t.Errorf("%v came before the next tap", line)
			}
		})
	}
}
