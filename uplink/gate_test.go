// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"testing"
	"time"
)

func TestGate(t *testing.T) {
	start := time.Now()
	failed := Result{Outcome: NotSent, Reason: NotSentNetwork}
	cut := Result{Outcome: Unknown, Reason: UnknownBadAnswer, Status: 201, cut: true}
	silent := Result{Outcome: Unknown, Reason: UnknownNoAnswer}
	good := Result{Outcome: Pending, Status: 201}
	badKey := Result{Outcome: Refused, Reason: RefusedKey, Status: 401}
	busy := func(d time.Duration) Result {
		return Result{Outcome: Refused, Reason: RefusedBusy, Status: 429, RetryAfter: d}
	}
	type step struct {
		at   time.Duration
		scan *Result
		get  *probe
	}
	scans := func(every time.Duration, results ...Result) (steps []step) {
		for i := range results {
			steps = append(steps, step{at: time.Duration(i) * every, scan: &results[i]})
		}
		return steps
	}
	get := func(at time.Duration, p probe) step { return step{at: at, get: &p} }
	s := time.Second
	tests := []struct {
		name  string
		steps []step
		at    time.Duration
		want  Reason
	}{
		{"at the start", nil, 0, ""},
		{"four failures", scans(s, failed, failed, failed, silent), 4 * s, ""},
		{"five failures", scans(s, failed, silent, failed, failed, silent), 5 * s, NotSentBreaker},
		{"and for ever", scans(s, failed, failed, failed, failed, failed), time.Hour, NotSentBreaker},
		{"five that took 8 s each", scans(8*s, silent, silent, silent, silent, silent), 33 * s, NotSentBreaker},
		{"five more than 30 s apart", scans(31*s, failed, failed, failed, failed, failed), 125 * s, ""},
		{"a body that never came is no answer", scans(s, cut, cut, cut, cut, cut), 5 * s, NotSentBreaker},
		{"GETs count too", append(scans(s, failed, failed), get(3*s, probe{}), get(4*s, probe{}), get(5*s, probe{})), 6 * s, NotSentBreaker},
		{"an answer between them", scans(s, failed, failed, good, failed, failed, failed), 6 * s, ""},
		{"a 500 is an answer", scans(s, failed, failed, Result{Outcome: Unknown, Reason: UnknownServer, Status: 500}, failed, failed), 6 * s, ""},
		{"a GET closes it", append(scans(s, failed, failed, failed, failed, failed), get(6*s, probe{status: 404})), 7 * s, ""},
		{"a GET without an answer does not", append(scans(s, failed, failed, failed, failed, failed), get(6*s, probe{reason: NotSentDNS})), 7 * s, NotSentBreaker},
		{"nor does a 502", append(scans(s, failed, failed, failed, failed, failed), get(6*s, probe{status: 502})), 7 * s, NotSentBreaker},

		{"a bad key", scans(s, badKey), time.Hour, NotSentKey},
		{"found good", append(scans(s, badKey), get(2*s, probe{status: 404})), 3 * s, ""},
		{"found bad again", append(scans(s, badKey), get(2*s, probe{status: 401})), 3 * s, NotSentKey},
		{"found bad by a GET", []step{get(0, probe{status: 401})}, s, NotSentKey},
		{"a 500 says nothing of it", scans(s, badKey, Result{Outcome: Unknown, Reason: UnknownServer, Status: 500}), 3 * s, NotSentKey},
		{"found good by a 200", append(scans(s, badKey), get(2*s, probe{status: 200})), 3 * s, ""},
		{"a lost GET says nothing of it", append(scans(s, badKey), get(2*s, probe{}), get(3*s, probe{status: 503})), 4 * s, NotSentKey},

		{"asked to wait", scans(s, busy(10*s)), 9 * s, NotSentBreaker},
		{"the wait is over", scans(s, busy(10*s)), 10 * s, ""},
		{"asked to wait a day", scans(s, busy(24*time.Hour)), 59 * s, NotSentBreaker},
		{"which is capped", scans(s, busy(24*time.Hour)), 60 * s, ""},
		{"a shorter wait does not shorten it", scans(s, busy(60*s), busy(s)), 30 * s, NotSentBreaker},
		{"busy without a wait", scans(s, busy(0)), s, ""},
		{"a GET is asked to wait", []step{get(0, probe{status: 503, retryAfter: 10 * s})}, 9 * s, NotSentBreaker},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var g gate
			for _, step := range tt.steps {
				if step.scan != nil {
					g.scanned(*step.scan, start.Add(step.at))
				} else {
					g.probed(*step.get, start.Add(step.at))
				}
			}
			if got := g.admit(start.Add(tt.at)); got != tt.want {
				t.Errorf("admit is %q, want %q", got, tt.want)
			}
		})
	}
}
