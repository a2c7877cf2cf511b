// SPDX-License-Identifier: Apache-2.0

// Package supervisor is the daemon's half of the reader: it runs the reader's process and never touches a device.
//
// What comes in is the command that starts a child, and the lines that the child writes. What goes out are the
// reader's events, with a fault whenever a child ends in another way than its daemon wants.
//
//	the child (reader.Child)        the daemon (Supervisor)
//	reader.EncodeEvent ~~ pipe ~~>  readLines -> follow -> reader.Event
//	                                             kills a child that is silent for 5 s, starts another
//	standard input     <~~~~~~~~~~  its end is the child's order to end
//
// Children that do not bring the reader back are followed by a pulse on its reset line: recovery.go has the steps.
// SelfTestInChild runs the reader's self-test in a process of its own in the same way.
//
// # Goroutines
//
// The caller's goroutine, in Supervisor.Run, and one for each child that reads its pipe. That one ends when the
// pipe does, or at the child's next line when Run no longer follows. Run returns when its context ends.
//
// # Promises
//
//   - Every entered is followed by the tap of the same tag, even if the child dies in between: that tap is torn.
//   - A child that does not end within half a second is killed, and none outlives the daemon.
//   - No child, whatever it writes, ends the daemon, fills its memory or blocks it.
package supervisor
