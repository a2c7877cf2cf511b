// SPDX-License-Identifier: Apache-2.0

package led

import (
	"fmt"
	"time"
)

// Signal is what the lamps tell the person at the reader.
type Signal int

// The signals. docs/lamp-card.svg, which hangs beside a station, shows them to people.
const (
	Dark    Signal = iota
	Reading        // the station reads the tag and sends the scan
	Pending        // tap again: the platform wants a second scan
	Valid          // the platform found the tag genuine
	Invalid        // the platform found that the tag is not genuine
	Again          // tap again: this scan brought no verdict
	Refused        // tapping again does not help
)

var signalNames = [...]string{"dark", "reading", "pending", "valid", "invalid", "again", "refused"}

// String returns the signal in one word.
func (s Signal) String() string {
	if s < 0 || int(s) >= len(signalNames) {
		return fmt.Sprintf("signal(%d)", int(s))
	}
	return signalNames[s]
}

type colour int

const (
	green colour = iota
	red
	amber
	lampCount
)

// String returns the lamp's key in the configuration.
func (c colour) String() string {
	return [...]string{"leds.green", "leds.red", "leds.amber"}[c]
}

// A pattern is a round of blinks followed by a pause, repeated a number of rounds.
// With 0 rounds it goes on until something else is shown. The zero pattern is over
// before it begins.
type pattern struct {
	lamp    colour
	on, off time.Duration
	blinks  int
	pause   time.Duration
	rounds  int
}

const ms = time.Millisecond

// patterns are the product's choice: a verdict for 3 s, a slow blink of 1 Hz for 10 s,
// a fast one of 4 Hz for 2 s, a double blink twice.
var patterns = [...]pattern{
	Dark:    {},
	Reading: {lamp: amber, on: time.Hour, blinks: 1}, // one hour follows another without a gap: steady
	Pending: {lamp: amber, on: 500 * ms, off: 500 * ms, blinks: 10, rounds: 1},
	Valid:   {lamp: green, on: 3000 * ms, blinks: 1, rounds: 1},
	Invalid: {lamp: red, on: 3000 * ms, blinks: 1, rounds: 1},
	Again:   {lamp: amber, on: 125 * ms, off: 125 * ms, blinks: 8, rounds: 1},
	Refused: {lamp: amber, on: 100 * ms, off: 100 * ms, blinks: 2, pause: 400 * ms, rounds: 2},
}

func (s Signal) pattern() pattern {
	if s < 0 || int(s) >= len(patterns) {
		return pattern{}
	}
	return patterns[s]
}

// servicePattern blinks as often as the code says, slowly enough to count, and then
// pauses long enough to tell one round from the next.
func servicePattern(code int) pattern {
	if code <= 0 {
		return pattern{}
	}
	return pattern{lamp: amber, on: 250 * ms, off: 250 * ms, blinks: code, pause: 1500 * ms}
}

func (p pattern) blinking() time.Duration { return time.Duration(p.blinks) * (p.on + p.off) }
func (p pattern) round() time.Duration    { return p.blinking() + p.pause }
func (p pattern) length() time.Duration   { return time.Duration(p.rounds) * p.round() }

// at returns whether the lamp is lit at time t after the beginning, and for how long it
// stays that way. lasts is 0 when the pattern is over.
func (p pattern) at(t time.Duration) (lit bool, lasts time.Duration) {
	round := p.round()
	if round == 0 || p.rounds > 0 && t >= p.length() {
		return false, 0
	}

	// The pause ends a round.
	t %= round
	if t >= p.blinking() {
		return false, round - t
	}

	t %= p.on + p.off
	if t < p.on {
		return true, p.on - t
	}
	return false, p.on + p.off - t
}
