// SPDX-License-Identifier: Apache-2.0

// Package device holds the tests of what runs on a technician's board: the Debian package under systemd, with device
// nodes and GPIO lines. They need root and the build tag device.
//
//	make test-service   in a container: systemd, without devices
//	make test-device    on an emulated arm64 board: GPIO lines, and a PN532 as a serial port over USB
//	make test-pi3       on an emulated Raspberry Pi 3: its own GPIO block
//
// In comes the package, in DEB, and the same under a later version, in DEB_NEXT. Each test is one story in cases, and
// each case goes on from where the one before has left the machine. The bench (package sim) runs beside the machine and
// plays everything around it:
//
//	             this machine                │  container or board
//	tags ──▶ sim.Bench ── socket or USB ─────┼──▶ tagbase-edge reader
//	         simulated platform ◀── HTTPS ───┼──── tagbase-edge run ──▶ lamps
//	         lamps the test sees ◀───────────┼──── files, or lampwatch over ssh
//	         machineTest ── nsenter or ssh ──┼──▶ systemctl, apt, journalctl
//
// The scripts beside the tests make the machines, once: device/container a root directory, device/image a disk image.
package device
