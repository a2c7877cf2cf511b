// SPDX-License-Identifier: Apache-2.0

// Package setup walks a technician from a board with wires to a station with a green lamp.
//
// In come the answers of flags, a terminal, and the configuration that exists. Out go a
// configuration, a key file, and a service that runs. Each step offers what was found, tries the
// answer, and asks again until it works or the person keeps it:
//
//	begin ─ reader ─ lamps ─ entryPoints ─ key ─ tap ─ write ─ enable
//	  │       │        │                    │     │      │        └ systemctl enable, start
//	  │       │        │                    │     │      └ config.Parse, and copies of old files
//	  │       │        │                    │     └ tagbase-edge run, on a journal of its own
//	  │       │        │                    └ a GET for a session that cannot exist
//	  │       │        └ lights each line, and asks which lamp it is
//	  │       └ doctor.Examine, with a reader that is tried only after a yes
//	  └ stops the daemon, which holds the reader and the lamps
//
// The answers are collected in a config.Edit. With Options.Yes nothing is asked: flags, the
// configuration that exists, and defaults answer.
//
// What the package promises: nothing is sent to a port before the person has said that only the
// reader is there. No lamp stays lit, however setup ends. A file is replaced only after a copy of
// it was made, and after a power cut it is the old one or the new one. A key is never shown, and
// only root can read its file.
//
// The one goroutine is in darkOnSignal, and ends with the question that it guards.
package setup
