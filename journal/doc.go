// SPDX-License-Identifier: Apache-2.0

// Package journal stores what happened at a station, line by line, on a card that may
// lose power at any moment.
//
// It is a directory of segments such as 000042.jsonl, which form a ring: a new segment
// replaces the oldest. A line is
//
//	<CRC-32C of the JSON, 8 hex digits> <JSON>\n
//
// of at most 4 KiB, written by one write(2), so that tail and jq can read it while the
// daemon runs: tail -f 000042.jsonl | cut -c10- | jq. There are two kinds of lines. An
// intent is written and synced before a scan is posted, and a scan when it is finished.
// If an intent has no scan, its daemon died, and the result is unknown.
//
// What comes in: intents (Intend) and finished scans (Finish). What goes out: at the
// start everything that the ring holds (Past), and for the command `scans` the same
// beside a running daemon (Read, Follow).
//
//	                        run, the only goroutine at the disk:
//	Intend ──┐
//	         ├──> queue ──> held ──write──> unsynced ──sync──> on the disk
//	Finish ──┘   256 lines   ^                 │                 └──> Intend's channel
//	                         └── sync failed ──┘
//
//	segments ──> recover ──> Past, the next number, intents without a scan
//	segments ──> tail ─────> Read, Follow
//
// It promises:
//
//   - What a caller has waited for is on the disk, if the card keeps what it says it has
//     synced. Every other line is there whole, or counts as never written.
//   - A disk that is full, failing, read-only or stuck costs no caller any time. The
//     journal then keeps the newest 256 lines in memory, reports the error by Err, and
//     tries again every minute.
//   - A damaged line costs no other line.
//
// Goroutines: Open starts run, which ends with Close; if the disk hangs in a call, run
// ends when that call returns. While recover reads segments, it starts one goroutine for
// each processor, and waits for them. Read and Follow run in their caller's goroutine.
package journal
