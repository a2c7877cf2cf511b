// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"testing"
	"time"
)

const (
	s = time.Second
	m = time.Minute
)

func TestCarriedSession(t *testing.T) {
	type answer struct {
		at  time.Duration
		tag string
		Report
	}

	pending := func(id string) Report { return Report{Session: id} }
	verdict := func(id string) Report { return Report{Session: id, Verdict: true} }
	tests := []struct {
		name    string
		carry   Carry
		answers []answer
		at      time.Duration
		want    string // carried by tag_a
	}{
		{"nothing is held", UntilResolved, nil, 0, ""},
		{"a pending answer opens it", UntilResolved, []answer{{0, "tag_a", pending("ses_1")}}, 5 * s, "ses_1"},
		{"carried to the window's end", UntilResolved, []answer{{0, "tag_a", pending("ses_1")}}, 10*m - 1, "ses_1"},
		{"not carried beyond the window", UntilResolved, []answer{{0, "tag_a", pending("ses_1")}}, 10 * m, ""},
		{"the session of another tag is not carried", UntilResolved,
			[]answer{{0, "tag_b", pending("ses_1")}}, 5 * s, ""},
		{"a verdict ends it", UntilResolved,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * s, "tag_a", verdict("ses_1")}}, 10 * s, ""},
		{"a verdict does not end it in whole-window", WholeWindow,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * s, "tag_a", verdict("ses_1")}}, 10 * s, "ses_1"},
		{"a verdict on another tag does not end it", UntilResolved,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * s, "tag_b", verdict("ses_2")}}, 10 * s, "ses_1"},
		{"the same id again keeps its opening", UntilResolved,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * m, "tag_a", pending("ses_1")}}, 10 * m, ""},
		{"another id is adopted with its own opening", UntilResolved,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * m, "tag_a", pending("ses_2")}}, 10 * m, "ses_2"},
		{"an answer without an id changes nothing", WholeWindow,
			[]answer{{0, "tag_a", pending("ses_1")}, {9 * s, "tag_a", Report{Verdict: true}}}, 10 * s, "ses_1"},
		{"the age of the answer counts", UntilResolved,
			[]answer{{0, "tag_a", Report{Session: "ses_1", Age: 4 * m}}}, 6 * m, ""},
		{"a negative age counts as zero", UntilResolved,
			[]answer{{0, "tag_a", Report{Session: "ses_1", Age: -4 * m}}}, 10 * m, ""},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(10*m, tt.carry)
			for _, a := range tt.answers {
				c.Answered(a.tag, a.Report, a.at)
			}

			if got := c.Carried("tag_a", tt.at); got != tt.want {
				t.Errorf("carried %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRefusedSessionIsDropped(t *testing.T) {
	c := New(10*m, UntilResolved)
	c.Answered("tag_a", Report{Session: "ses_1"}, 0)
	c.Answered("tag_b", Report{Session: "ses_2"}, 0)

	c.Refused("tag_a")
	if got := c.Carried("tag_a", s); got != "" {
		t.Errorf("tag_a carries %q after it was refused", got)
	}
	if got := c.Carried("tag_b", s); got != "ses_2" {
		t.Errorf("tag_b carries %q, want ses_2", got)
	}
}

// The cache stays within MaxTags: a new session replaces the oldest, or the dead ones.
func TestFullCacheReplacesOldestSession(t *testing.T) {
	c := New(10*m, UntilResolved)
	for i := range MaxTags + 10 {
		c.Answered(fmt.Sprint("tag_", i), Report{Session: fmt.Sprint("ses_", i)}, time.Duration(i))
	}

	if c.Len() != MaxTags {
		t.Errorf("%d sessions held, want %d", c.Len(), MaxTags)
	}

	for i, want := range map[int]string{9: "", 10: "ses_10", MaxTags + 9: fmt.Sprint("ses_", MaxTags+9)} {
		if got := c.Carried(fmt.Sprint("tag_", i), s); got != want {
			t.Errorf("tag_%d carries %q, want %q", i, got, want)
		}
	}

	c.Answered("tag_new", Report{Session: "ses_new"}, 11*m)
	if c.Len() != 1 {
		t.Errorf("%d sessions held after all but one are dead, want 1", c.Len())
	}
}

// A session from before this boot is carried until its age is known, and then as long
// as any other.
func TestRestoredSessionAgesOnceSettled(t *testing.T) {
	opened := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		date time.Time     // of the platform, 2 minutes after boot; zero: not known
		at   time.Duration // since boot
		want string
	}{
		{"the age is not known yet", time.Time{}, 24 * time.Hour, "ses_1"},
		{"still live", opened.Add(4 * m), 3 * m, "ses_1"},
		{"carried to the window's end", opened.Add(4 * m), 8*m - 1, "ses_1"},
		{"not carried beyond the window", opened.Add(4 * m), 8 * m, ""},
		{"long dead", opened.Add(24 * time.Hour), 3 * m, ""},
		{"the platform's clock went back", opened.Add(-time.Hour), 12*m - 1, "ses_1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := New(10*m, UntilResolved)
			c.Restore("tag_a", Report{Session: "ses_1"}, opened)
			c.Restore("tag_a", Report{Session: "ses_1"}, opened.Add(9*m))
			c.Restore("tag_b", Report{Session: "ses_2"}, opened)
			c.Restore("tag_b", Report{Session: "ses_2", Verdict: true}, opened)

			if got := c.Carried("tag_b", 0); got != "" {
				t.Errorf("%q is carried after its verdict", got)
			}

			if !tt.date.IsZero() {
				c.Settle(tt.date, 2*m)
			}
			if got := c.Carried("tag_a", tt.at); got != tt.want {
				t.Errorf("carried %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRestoredSessionWithoutDateIsCarried(t *testing.T) {
	opened := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	c := New(10*m, UntilResolved)

	c.Restore("tag_a", Report{Session: "ses_1"}, time.Time{})
	c.Settle(opened, 0)
	if got := c.Carried("tag_a", time.Hour); got != "ses_1" {
		t.Errorf("carried %q, want ses_1: its age never becomes known", got)
	}
}
