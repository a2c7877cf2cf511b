// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// A scan takes the connection that was dialled when its tag was found.
func TestScanTakesTheConnectionDialledAhead(t *testing.T) {
	server, p := newBadServer(t, answerValid)
	p.ConnectAhead()
	p.ConnectAhead()
	await.Value(t, "the connection is dialled", p.dialer.dialledAhead().done)

	if r := submit(t, p, scanA); r.Outcome != scan.Valid || server.Connections() != 1 {
		t.Errorf("%s over %d connections (%v), want valid over 1", r.Outcome, server.Connections(), r.Err)
	}
	if r := submit(t, p, scanA); r.Outcome != scan.Valid || server.Connections() != 2 {
		t.Errorf("the next: %s over %d connections, want valid over 2", r.Outcome, server.Connections())
	}
}

// A scan that comes while its connection is still being dialled waits for that one.
func TestScanWaitsForTheConnectionBeingDialled(t *testing.T) {
	begun := make(chan bool)
	held, shake := context.WithTimeout(t.Context(), await.Patience)
	defer shake()

	server, p := newBadServer(t, func(c *simplatform.Call) {
		close(begun)
		<-held.Done()
		answerValid(c)
	})

	p.ConnectAhead()
	await.Value(t, "the server is dialled", begun)

	result := make(chan Answer)
	go func() { result <- submitWithin(p, scanA, time.Now(), 5*time.Second) }()
	shake()
	if r := await.Value(t, "the answer", result); r.Outcome != scan.Valid || server.Connections() != 1 {
		t.Errorf("%s over %d connections (%v), want valid over 1", r.Outcome, server.Connections(), r.Err)
	}
}

// A connection that the platform has ended meanwhile is not used: what is written
// on it would be lost, and nobody could prove it.
func TestScanAvoidsAConnectionThatThePlatformEnded(t *testing.T) {
	for name, end := range map[string]func(*simplatform.Call){
		"closed": (*simplatform.Call).Finish, "reset": (*simplatform.Call).Reset,
	} {
		t.Run(name, func(t *testing.T) {
			server, p := newBadServer(t, func(c *simplatform.Call) {
				if c.Number > 1 {
					answerValid(c)
				} else if c.Handshake() {
					end(c)
				}
			})

			p.ConnectAhead()
			s := p.dialer.dialledAhead()
			await.Value(t, "the connection is dialled", s.done)
			if s.err == nil {
				await.Until(t, "the connection has ended", func() bool { return !s.link.established() })
			}

			r := submit(t, p, scanA)
			if r.Outcome != scan.Valid || server.Connections() != 2 || server.Reads(pathA) != 1 {
				t.Errorf("%s over %d connections, read %d times (%v); want valid over 2, read once",
					r.Outcome, server.Connections(), server.Reads(pathA), r.Err)
			}
		})
	}
}

// A pending scan is followed by another: its connection is there when it comes, up
// to ten seconds later; with Plan.Another it is dialled before the request is read.
func TestPendingScanDialsForTheNext(t *testing.T) {
	for name, another := range map[string]bool{"after the answer": false, "before the request is read": true} {
		t.Run(name, func(t *testing.T) {
			var server *simplatform.BadServer
			var asked atomic.Int32
			server, p := newBadServer(t, func(c *simplatform.Call) {
				if !c.Handshake() {
					return
				}
				if another && !await.Holds(func() bool { return server.Connections() == 2 }) {
					return // and the scan does not become pending
				}

				switch {
				case !c.Read():
				case asked.Add(1) > 1:
					c.Answer(201, validAnswer)
				default:
					c.Answer(201, string(answerOf("pending")))
				}
			})

			request := p.Prepare(scanA, Plan{Tapped: time.Now(), By: time.Now().Add(5 * time.Second), Another: another})
			if r := request.Send(); r.Outcome != scan.Pending {
				t.Fatalf("%s, %v", r.Outcome, r.Err)
			}

			next := p.dialer.dialledAhead()
			if next == nil {
				t.Fatal("no connection is dialled ahead")
			}

			await.Value(t, "the next connection is dialled", next.done)

			r := submit(t, p, scanA)
			if r.Outcome != scan.Valid || server.Connections() != 2 || r.Connect > 100*time.Millisecond {
				t.Errorf("%s over %d connections after %v (%v), want valid over 2 at once",
					r.Outcome, server.Connections(), r.Connect, r.Err)
			}
			if p.dialer.dialledAhead() != nil {
				t.Error("one more is dialled")
			}
		})
	}
}

// dialledAhead is the connection that waits for the next scan; nil if there is none.
func (d *dialer) dialledAhead() *spare {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spare
}

// A connection that waited two seconds is closed, and not used.
func TestConnectionDialledAheadIsClosedUnused(t *testing.T) {
	ended := make(chan bool, 1)
	server, p := newBadServer(t, func(c *simplatform.Call) {
		if c.Number > 1 {
			answerValid(c)
		} else if c.Handshake() {
			c.Hang()
			ended <- true
		}
	})

	began := time.Now()
	p.ConnectAhead()
	await.Value(t, "a connection that no scan took is closed", ended)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a connection that no scan took was closed after %v", took)
	}

	if r := submit(t, p, scanA); r.Outcome != scan.Valid || server.Connections() != 2 {
		t.Errorf("%s over %d connections (%v), want valid over 2", r.Outcome, server.Connections(), r.Err)
	}
}

// A board whose clock is behind takes the certificate by the clock's floor; one
// whose clock is ahead, or without a floor, does not.
func TestCertificateIsCheckedByClockAndFloor(t *testing.T) {
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	year := 365 * 24 * time.Hour
	for _, tt := range []struct {
		name              string
		notBefore, floors time.Duration // from now
		reason            scan.Reason
	}{
		{"the clock is right", -year, 0, ""},
		{"ten years behind", 10 * year, 0, scan.ReasonClock},
		{"ten years behind, with a floor", 10 * year, 10*year + time.Hour, ""},
		{"ten years ahead", -11 * year, 0, scan.ReasonClock},
		{"ten years ahead, with a floor", -11 * year, -10 * year, scan.ReasonClock},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cert, err := authority.Issue(time.Now().Add(tt.notBefore), time.Now().Add(tt.notBefore+2*year-year/2),
				"127.0.0.1")
			if err != nil {
				t.Fatal(err)
			}

			server, err := simplatform.NewBadServer(cert, answerValid)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })

			p := badServerPlatform(t, server, authority, NewClock(time.Now, time.Now().Add(tt.floors)))

			want := scan.NotSent
			if tt.reason == "" {
				want = scan.Valid
			}
			if r := submit(t, p, scanA); r.Outcome != want || r.Reason != tt.reason {
				t.Errorf("%s %s (%v), want %s %s", r.Outcome, r.Reason, r.Err, want, tt.reason)
			}
		})
	}
}

// The floor rises with the Date of authenticated answers, and only with theirs.
func TestClockFloorRisesWithAuthenticatedDatesOnly(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := NewClock(time.Now, base, base.Add(-time.Hour))

	for _, tt := range []struct {
		name           string
		date, notAfter time.Time
		want           time.Time
	}{
		{"a later Date", base.Add(time.Hour), base.Add(48 * time.Hour), base.Add(time.Hour)},
		{"an earlier Date", base, base.Add(48 * time.Hour), base.Add(time.Hour)},
		{"a Date before its certificate's beginning", base.Add(-72 * time.Hour), base.Add(48 * time.Hour),
			base.Add(time.Hour)},
		{"a Date after its certificate's end", base.Add(72 * time.Hour), base.Add(48 * time.Hour), base.Add(time.Hour)},
	} {
		c.authenticated(tt.date, period{base.Add(-48 * time.Hour), tt.notAfter})
		if got := c.Floor(); !got.Equal(tt.want) {
			t.Errorf("after %s the floor is %v, want %v", tt.name, got.UTC(), tt.want)
		}
	}

	_, p := newBadServer(t, answerValid)
	submit(t, p, scanA)
	if age := time.Since(p.clock.Floor()); age < 0 || age > time.Minute {
		t.Errorf("after an answer the floor is %v old", age)
	}
}

// Once the platform has answered, no step of the wall clock changes what is valid.
func TestWallClockStepsDoNotChangeWhatIsValid(t *testing.T) {
	server, authority := trustedBadServer(t, answerValid)
	var step time.Duration
	p := badServerPlatform(t, server, authority, NewClock(func() time.Time { return time.Now().Add(step) }))
	submit(t, p, scanA)

	for range 100 {
		step = rand.N(20*365*24*time.Hour) - 10*365*24*time.Hour
		if r := submit(t, p, scanA); r.Outcome != scan.Valid {
			t.Fatalf("after a step of %v: %s %s (%v)", step, r.Outcome, r.Reason, r.Err)
		}
	}
}
