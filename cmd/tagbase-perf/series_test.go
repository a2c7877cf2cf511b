// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

// No tag comes back within three taps, and with two-taps every other tap is its
// tag's second one.
func TestTagsTakeTurnsWithoutComingBackAtOnce(t *testing.T) {
	for _, liveness := range []string{"two-taps", "one-tap"} {
		last, taps := make(map[int]int), make(map[int]int)
		for n := range 200 {
			if liveness == "two-taps" && n == 1 {
				continue
			}

			tag := turn(liveness, n)
			if before, again := last[tag]; again && n-before < 3 {
				t.Errorf("%s: tap %d is of the tag of tap %d", liveness, n, before)
			}
			last[tag] = n
			if second := taps[tag]%2 == 1; liveness == "two-taps" && second != (n%2 == 1) {
				t.Errorf("tap %d is its tag's %dth", n, taps[tag]+1)
			}
			taps[tag]++
		}
	}
}
