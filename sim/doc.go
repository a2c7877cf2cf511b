// SPDX-License-Identifier: Apache-2.0

// Package sim is the bench: everything that a station meets, on one table and in software. tagbase-sim and the tests
// use it; nothing that is installed imports it.
//
// Its rooms are virtual NTAG chips, the antenna on which they lie, a virtual PN532 that stock libnfc opens on a
// pseudo-terminal, recordings of real ones, a platform over HTTPS, and a disk that loses power. Package sim joins them
// with what else surrounds a station:
//
//	TagTable -- put ------> antenna.Field <-- PN532 -- PTY --------+
//	   |                          ^---------- reader.Socket -------+
//	   +------- register -> platform.Simulated <-- TLS -- Relay ---+--> Daemon (tagbase-edge run)
//	                              LampFiles <-- FIFOs -------------+
//
// A Bench is all of that in one directory, with a configuration for the station. A Daemon is the station's process,
// whose log a test reads line by line. A Relay is a network with a round trip time. LampFiles are three lamps, of which
// no change is missed.
//
// A room imports only rooms to its left:
//
//	chip <── antenna <── reader   <── sim
//	chip <── platform             <── sim
//	chip <── recording                (what real readers said; the tests of both readers replay it)
//	disk                              (on its own; the tests of the journal use it)
//
// Goroutines: NewLampFiles starts one for each lamp, which LampFiles.Close ends. StartDaemon starts one that reads the
// log and waits for the process; it ends with the process. A Relay has one that accepts and five for each connection;
// Relay.Close waits for all of them. Those of the rooms are in their own docs.
package sim
