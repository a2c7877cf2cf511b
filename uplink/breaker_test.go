// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

func TestBreakerOpensAndCloses(t *testing.T) {
	start := time.Now()
	failed := Answer{Outcome: scan.NotSent, Reason: scan.ReasonNetwork}
	cut := Answer{Outcome: scan.Unknown, Reason: scan.ReasonBadAnswer, Status: 201, cut: true}
	silent := Answer{Outcome: scan.Unknown, Reason: scan.ReasonNoAnswer}
	good := Answer{Outcome: scan.Pending, Status: 201}
	badKey := Answer{Outcome: scan.Refused, Reason: scan.ReasonKey, Status: 401}
	busy := func(d time.Duration) Answer {
		return Answer{Outcome: scan.Refused, Reason: scan.ReasonBusy, Status: 429, RetryAfter: d}
	}

	type step struct {
		at     time.Duration
		answer *Answer
		get    *probe
	}

	scans := func(every time.Duration, results ...Answer) (steps []step) {
		for i := range results {
			steps = append(steps, step{at: time.Duration(i) * every, answer: &results[i]})
		}
		return steps
	}

	get := func(at time.Duration, p probe) step { return step{at: at, get: &p} }
	s := time.Second
	tests := []struct {
		name  string
		steps []step
		at    time.Duration
		want  scan.Reason
	}{
		{"at the start", nil, 0, ""},
		{"four failures", scans(s, failed, failed, failed, silent), 4 * s, ""},
		{"five failures", scans(s, failed, silent, failed, failed, silent), 5 * s, scan.ReasonBreaker},
		{"and for ever", scans(s, failed, failed, failed, failed, failed), time.Hour, scan.ReasonBreaker},
		{"five that took 8 s each", scans(8*s, silent, silent, silent, silent, silent), 33 * s, scan.ReasonBreaker},
		{"five more than 30 s apart", scans(31*s, failed, failed, failed, failed, failed), 125 * s, ""},
		{"a body that never came is no answer", scans(s, cut, cut, cut, cut, cut), 5 * s, scan.ReasonBreaker},
		{"GETs count too", append(scans(s, failed, failed), get(3*s, probe{}), get(4*s, probe{}), get(5*s, probe{})),
			6 * s, scan.ReasonBreaker},
		{"an answer between them", scans(s, failed, failed, good, failed, failed, failed), 6 * s, ""},
		{"a 500 is an answer", scans(s, failed, failed,
			Answer{Outcome: scan.Unknown, Reason: scan.ReasonServer, Status: 500}, failed, failed), 6 * s, ""},
		{"a GET closes it", append(scans(s, failed, failed, failed, failed, failed), get(6*s, probe{status: 404})),
			7 * s, ""},
		{"a GET without an answer does not", append(scans(s, failed, failed, failed, failed, failed),
			get(6*s, probe{reason: scan.ReasonDNS})), 7 * s, scan.ReasonBreaker},
		{"nor does a 502", append(scans(s, failed, failed, failed, failed, failed), get(6*s, probe{status: 502})),
			7 * s, scan.ReasonBreaker},

		{"a bad key", scans(s, badKey), time.Hour, scan.ReasonKey},
		{"found good", append(scans(s, badKey), get(2*s, probe{status: 404})), 3 * s, ""},
		{"found bad again", append(scans(s, badKey), get(2*s, probe{status: 401})), 3 * s, scan.ReasonKey},
		{"found bad by a GET", []step{get(0, probe{status: 401})}, s, scan.ReasonKey},
		{"a 500 says nothing of it", scans(s, badKey,
			Answer{Outcome: scan.Unknown, Reason: scan.ReasonServer, Status: 500}), 3 * s, scan.ReasonKey},
		{"found good by a 200", append(scans(s, badKey), get(2*s, probe{status: 200})), 3 * s, ""},
		{"a lost GET says nothing of it", append(scans(s, badKey), get(2*s, probe{}), get(3*s, probe{status: 503})),
			4 * s, scan.ReasonKey},

		{"asked to wait", scans(s, busy(10*s)), 9 * s, scan.ReasonBreaker},
		{"the wait is over", scans(s, busy(10*s)), 10 * s, ""},
		{"asked to wait a day", scans(s, busy(24*time.Hour)), 59 * s, scan.ReasonBreaker},
		{"which is capped", scans(s, busy(24*time.Hour)), 60 * s, ""},
		{"a shorter wait does not shorten it", scans(s, busy(60*s), busy(s)), 30 * s, scan.ReasonBreaker},
		{"busy without a wait", scans(s, busy(0)), s, ""},
		{"a GET is asked to wait", []step{get(0, probe{status: 503, retryAfter: 10 * s})}, 9 * s, scan.ReasonBreaker},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b breaker
			for _, step := range tt.steps {
				if step.answer != nil {
					b.learnFromAnswer(*step.answer, start.Add(step.at))
				} else {
					b.learnFromProbe(*step.get, start.Add(step.at))
				}
			}

			if got := b.admit(start.Add(tt.at)); got != tt.want {
				t.Errorf("admit is %q, want %q", got, tt.want)
			}
		})
	}
}
