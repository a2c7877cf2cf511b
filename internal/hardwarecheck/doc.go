// SPDX-License-Identifier: Apache-2.0

// Package hardwarecheck finds out which of our assumptions hold for a real reader and real tags.
//
// The bench answers as datasheets and recordings say. A few things nobody has recorded: two counts of an NTAG 424 DNA
// in one activation, the time of its read, when an NTAG 22x DNA counts, HALT on a bare PN532. A person with a reader
// and two tags runs this check, and sends the report (docs/hardware-check.md).
//
//	person <-- Ask -- Run -- inChild --> RunOne(check) -- recorder -- reader.Device -- tags
//	                   |                     |
//	            HardwareReport <-- lines: frames, observations, outcome
//
// In comes a connstring, and a person who lays tags down and takes them away. Out goes a HardwareReport: for each
// assumption what was seen, and the frames that show it. libnfc may hang or abort, so every check is a process of its
// own, with the reader opened again. What a check that ends so had found is kept; the rest is "not checked", and the
// next one goes on.
//
// What the package promises: the report holds no key, no UID, no URL and no proof. What a tag says is secret unless
// the check that asks for it says otherwise. In its place stands its length and a mark that is equal for equal bytes
// of one report (secrets.go). Nothing is written to a tag.
//
// The package starts no goroutine.
package hardwarecheck
