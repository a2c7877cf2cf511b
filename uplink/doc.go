// SPDX-License-Identifier: Apache-2.0

// Package uplink takes one scan to the platform, once, and says what came of it.
//
// A tap URL comes in. Tags turns it into a scan.Submission, or says why the tag is foreign.
// Platform posts the submission and gives back an Answer.
//
//	tap URL
//	   |  Tags.Submission          whose tag is it, and what does its query hold?
//	scan.Submission
//	   |  Platform.Prepare         breaker, body, connection; nothing leaves the station
//	Request
//	   |-- Send                    the first byte may go; waits for the answer
//	   |      attempts  -> sealedConn -> dialer -> platform
//	   |      Answer    <- jsonapi    <-----------'
//	   '-- Withdraw                nothing was sent, and nothing ever will be
//
// # Sending once
//
// The platform has no idempotency keys: every POST creates a verification, and a captured
// proof that is posted twice can turn a genuine object invalid. So a submission is repeated
// only if it is proven that no byte of it left the station: over HTTP/1.1, on a connection of
// its own, with redirects off. The proof is a seal on the connection, above TLS (attempt.go).
// Everything that the platform says is checked as hard as what a tag says (jsonapi.go).
//
// # Goroutines
//
// Platform.Watch runs in a goroutine of its caller and probes the platform until its context
// ends. Prepare starts one goroutine for its request; it ends with the answer, at Plan.By, or
// at Withdraw, whichever is first, and net/http adds its own for that time. The dialer starts one
// goroutine for each connection that it makes ahead of a request, and one to close such a
// connection that is still being made; both end when the connection stands or the dial has failed.
// Two timers run a moment of work in goroutines of the runtime: one wakes Watch, the other closes
// a connection that nobody took. All other functions run in their caller. A Platform may be used
// from any goroutine.
package uplink
