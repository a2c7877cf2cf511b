// SPDX-License-Identifier: Apache-2.0

// Package antenna is the air between a reader and chips: a Field on which chips lie, and the radio side of a chip, which is
// activated, selected and spoken to by the rules of ISO/IEC 14443-3 and 14443-4.
package antenna
