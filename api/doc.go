// SPDX-License-Identifier: Apache-2.0

// Package api answers questions about a station: on a Unix socket, and on the
// technician's page if the configuration asks for one.
//
//	socket  GET /status /events /metrics /livez /readyz, POST /leds/test
//	page    GET / /status /events /metrics /livez /readyz
//
// What comes in: requests, the values of a Source (Status, Late, TestLamps), and what
// happens at the station, which the station hands to a Feed. What goes out: JSON,
// server-sent events and Prometheus' text format.
//
//	station ── Scan, Lamps, Service ──> Feed ── channel of 64 notes for each listener ──> GET /events
//	                                     └──── last ten scans, counts ──> GET /status, GET /metrics
//	station <── Status, Late, TestLamps ── Source <── every other request
//
// It promises:
//
//   - Nobody who asks can hold up a tap. A Feed never waits; it drops a listener that is
//     64 notes behind. Writes to a client have a deadline.
//   - Nothing here changes the station, except the lamp test, which only the socket offers.
//   - The page answers to the station's own names alone, asks for a token if others than
//     the board can reach it, and loads nothing from elsewhere (page.go says how).
//   - No key, no proof and no tap URL is in any answer.
//
// Goroutines: Serve runs in its caller's goroutine and ends with its context. net/http
// starts one for each connection, and Serve ends them all. Client starts none.
package api
