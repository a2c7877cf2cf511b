// SPDX-License-Identifier: Apache-2.0

// Package doctor finds out why a station does not work, and says what repairs it.
//
// In comes a Subject: the machine's file system, what the configuration says, and Probes, which are
// functions that try what cannot be read. Out go Findings, one or more for every check, in the order of
// the checks. A Finding that is Wrong holds the commands or lines that repair it, to be copied as they are.
//
//	file system ─┐
//	configuration ┼─ Subject ── Examine ── check after check ── []Finding ── Print, PrintJSON
//	Probes ───────┘
//
// # The checks, and why in this order
//
// A fault near the board hides or causes those behind it: a port that the firmware did not switch on cannot be
// opened, and a reader that is not powered has no firmware version. So the checks go from the board to the
// platform. Repair the first ✗ first: often the others are gone then.
//
//	configuration      what tagbase-edge check says                        service.go
//	board              which board and system this is                      board.go
//	config.txt         did the firmware switch the reader's port on?       configtxt.go, configtxt_parse.go
//	cmdline.txt        does the kernel print its messages to that port?    cmdline.go
//	getty              does a login prompt listen on it?                   login.go
//	device             is the port there?                                  device.go
//	permission         may the daemon's user open it?                      permission.go
//	modules            does a kernel driver claim the reader?              modules.go
//	port               does another program hold it?                       portholder.go
//	open … field       does the chip answer, and is its field on?          reader.go
//	lamp …             is the line there, free, and allowed?               lamps.go
//	storage            can the card be written?                            storage.go
//	clock              is the time right? certificates depend on it        clock.go
//	DNS … platform     how far does a harmless request get?                platform.go
//	key                does the platform accept the key?                   key.go
//	service            does systemd start the station?                     service.go
//	versions           is the system recent enough?                        versions.go
//
// The lamps come before the card and the network, since they need neither. The clock comes before the network:
// with a wrong clock TLS fails. The key comes after the platform that judges it. Service and versions come last,
// since a station can work without either.
//
// # What it promises
//
// It writes nothing, and sends nothing to a port that the configuration does not name. While the daemon holds
// the reader, the doctor does not touch it and asks the daemon. No finding holds a secret: Config has the
// key without its secret part. It starts no goroutine. A check that cannot be made is Skipped and says why;
// only what is known to be wrong is Wrong.
//
// What is on the machine is read from an fs.FS, so a board that is not here can be examined too: the tests
// examine made-up boards, and `doctor --root DIR` a copied card.
package doctor
