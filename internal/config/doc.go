// SPDX-License-Identifier: Apache-2.0

// Package config reads a station's configuration, finds every problem in it, and writes it.
//
// In comes a TOML file that a person wrote. Out goes either a Config, in which every value is
// checked and every file it names has been read, or a list of problems. Each problem has the
// line and column where it stands, says what is wrong, and says how to mend it:
//
//	/etc/tagbase-edge/config.toml:3:10: reader.device: is a number; write a text in quotes
//
// The way of a file through the package:
//
//	file ── ReadFile ── parseTOML ──┬── Load, Parse ── Config, []Problem
//	                                ├── ParseEdit ── Edit ── TOML ── file     (setup)
//	                                ├── Warnings                              (check)
//	                                └── LoadLamps                             (leds off)
//
// Print writes problems for a person, each with the line of the file that it is about.
//
// parseTOML keeps where each key and each value stands, which a decoder into a struct would
// lose. keys.go is the table of all keys, with a setter for each: a key is added there, in configs/reference.toml and
// in the Config.
//
// What the package promises: all problems are reported at once, in the file's order. No text
// that it prints holds the secret of a key or the password of a URL, or a character that a
// terminal obeys. A named pipe or a device in place of a file does not block the program.
//
// The package starts no goroutine. A Config is not changed after it was read.
package config
