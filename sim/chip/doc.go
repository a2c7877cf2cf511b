// SPDX-License-Identifier: Apache-2.0

// Package chip holds virtual NFC chips: their memory, their read counters, and the proofs that they put into their URLs.
//
// A tag is a chip without a battery. It lives while it lies in a reader's RF field (Power), forgets everything but
// its memory when it leaves, and says nothing until it is activated (Activate): the reader wakes it, reads its UID in
// the anticollision of ISO/IEC 14443-3, and selects it. What follows depends on the SAK. A Type 2 chip (NTAG 21x,
// NTAG 22x DNA) takes short commands such as READ and answers 16 bytes, or a 4-bit NAK after which it must be
// selected anew. A Type 4 chip (NTAG 424 DNA) sends its ATS and then speaks ISO-DEP (ISO/IEC 14443-4), which carries
// the APDUs of ISO/IEC 7816-4.
//
// Genuine NTAG DNA chips count their reads and put the count, encrypted or authenticated, into the URL they give.
// When exactly the count rises differs between the families, and a reader that does not know it can turn a genuine
// tag invalid; those rules are what the chips here are for.
package chip
