// SPDX-License-Identifier: Apache-2.0

// Package led shows the result of a tap on three lamps.
//
// Green means that the platform found the tag genuine, red that it did not.
// Everything else is amber. A person who sees green trusts the thing in their hand,
// so the package promises:
//
//   - Only Valid lights green and only Invalid lights red, for three seconds at most.
//     The one exception is Test, which a technician starts at the station.
//   - Green and red are not lit together, unless a line needs more than 50 ms to go dark:
//     a line that hangs must not hide the true verdict.
//   - A lamp whose line hangs holds up no other lamp and no caller of Show.
//   - A lamp that fails is tried again every second. Close leaves every lamp dark, or
//     returns an error that names each lamp that may still be lit.
//
// What comes in: a Signal for each step of a tap (Show), the service code of a station
// that needs a technician (Service), and the lamp test (Test). What goes out: levels on
// GPIO lines, or "1" and "0" in files such as a kernel LED's brightness.
//
//	Show ────┐                                   ┌─> green.run ──> Line
//	Service ─┼─> what to show ──> play ──levels──┼─> red.run   ──> Line
//	Test ────┘   (Lamps.mu)        │             └─> amber.run ──> Line
//	                               └─> State, for the page and for status
//
// The lamps show the first of these that there is: the step of a running test, the
// signal until its pattern is over, the service code. Otherwise they are dark.
//
// Goroutines, all started by Open:
//
//   - play, one: turns what to show into levels, with the clock of each pattern. It never
//     touches a line. Close ends it.
//   - run, one for each wired lamp: the only one that touches its line. play ends it,
//     after the last level, which is dark. While a line hangs, its run hangs with it,
//     and darkens the lamp when the line comes back, even after Close.
package led
