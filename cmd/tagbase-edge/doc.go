// SPDX-License-Identifier: Apache-2.0

// Command tagbase-edge is a station's daemon and the technician's commands.
//
// Each command has a file of its own, with its flags, one call into a room, and what it prints:
//
//	run                  daemon.Run            the station
//	reader, try-reader   daemon.RunReader      children of run and doctor, in which libnfc lives
//	check                config.Load           problems of a configuration
//	setup                setup.Run             from wires to a green lamp
//	doctor               doctor.Examine        what is wrong with a board, tried by package probes
//	doctor --hardware    hardwarecheck.Run     what a real reader and real tags do; try-hardware is its child
//	status, leds test    api.Client            asks the running daemon
//	leds off             led.Off               after a station has ended
//	scans, session       journal.Read          what the station remembers
//
// Results go to standard output, and errors to standard error. The exit status is 0 if all is well,
// 1 if something is wrong or failed, 2 for a mistake in the command line, and 78 for a
// configuration with which nothing can be done.
//
// The tests here run the program as a process, on a bench of package sim.
package main
