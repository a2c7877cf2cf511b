// SPDX-License-Identifier: Apache-2.0

// Package daemon runs a station as a process: from its start over reloads to its end.
//
// In come a configuration file and signals. The package locks the state directory, opens
// lamps, clock, journal, platform and reader, joins them into a station.Station, and tells
// systemd how it is. Out go the log, the notifications for systemd, and what the daemon answers
// on its socket and its page. The work on a tap is the station's.
//
//	Run ── load (configuration, key, lock)
//	 │        └─ problems: printed, and exit status 78 after a pause
//	 └─ serve ── until SIGTERM or SIGINT
//	     ├─ feedWatchdog                 one goroutine, from start to end of the daemon
//	     └─ runUntilReload ── once for each configuration
//	         ├─ awaitReload              SIGHUP: reads the files, ends the station if they are good
//	         └─ runStation               station.Station.Run, and beside it:
//	             ├─ reader supervisor ── events ──> station
//	             ├─ keptClock.keep       writes the clock file
//	             ├─ reportStatus         STATUS= for systemctl status
//	             └─ server.serve         socket, page
//
// Every goroutine ends with the context that its function was given, and the function that
// started it waits for it. A reload takes a new station; what the old one remembered is read
// back from the journal.
//
// What the package promises: a scan that has been sent gets its outcome before the daemon ends
// or reloads. A reload with a problem changes nothing. READY=1 means that configuration, lamps
// and journal are open; reader and platform may come later. A disk that hangs or fails does not
// stop the start. The watchdog is fed only while no loop is late.
//
// RunReader is the other process of a station, in which libnfc lives: see package reader.
package daemon
