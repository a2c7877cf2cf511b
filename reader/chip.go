// SPDX-License-Identifier: Apache-2.0

package reader

import "bytes"

// A Chip is the kind of tag, as far as it is known.
type Chip string

const (
	ChipNTAG424 Chip = "ntag424" // NTAG 424 DNA
	ChipNTAG22x Chip = "ntag22x" // NTAG 223 DNA and 224 DNA, StatusDetect or not
	ChipNTAG21x Chip = "ntag21x"
	ChipType4   Chip = "type4" // any other ISO-DEP tag
	ChipType2   Chip = "type2" // any other Type 2 tag
	ChipOther   Chip = "other"
)

var ats424 = []byte{0x77, 0x77, 0x71, 0x02, 0x80} // NT4H2421Gx, table 13

// chipOf says what a tag is by what it answers when it is selected. SAK 00 is a Type 2 tag.
func chipOf(t Target) Chip {
	switch {
	case t.ISODEP() && t.ATQA == [2]byte{0x03, 0x44} && bytes.Equal(t.ATS, ats424):
		return ChipNTAG424
	case t.ISODEP():
		return ChipType4
	case t.SAK == 0x00:
		return ChipType2
	default:
		return ChipOther
	}
}

// chipOfVersion takes the answer to GET_VERSION: 00, vendor 04 (NXP), product
// 04 (NTAG), subtype (02; 08 is StatusDetect), major version (01 is NTAG 21x;
// 04 and 05 are NTAG 223 and 224 DNA), minor version, size, protocol.
func chipOfVersion(v []byte) Chip {
	if len(v) != 8 || v[1] != 0x04 || v[2] != 0x04 {
		return ChipType2
	}
	switch v[4] {
	case 0x01:
		return ChipNTAG21x
	case 0x04, 0x05:
		return ChipNTAG22x
	default:
		return ChipType2
	}
}

// randomUID reports whether a UID may be a random one. A tag with such a UID keeps it while it has power, and
// shows another one after that: four bytes, the first 08 (ISO/IEC 14443-3, 6.5.4), or 80 as recorded of a DESFire.
func randomUID(uid []byte) bool { return len(uid) == 4 && (uid[0] == 0x08 || uid[0] == 0x80) }

// SameOrRandom reports whether two UIDs may be those of one tag, at different times.
func SameOrRandom(a, b []byte) bool { return bytes.Equal(a, b) || randomUID(a) && randomUID(b) }

// twins reports whether both tags have random UIDs and are of one kind. Only the reader can know whether they
// are one tag: if it has switched the field in between, and nobody came and nobody went.
func twins(a, b Target) bool {
	return randomUID(a.UID) && randomUID(b.UID) && a.ATQA == b.ATQA && a.SAK == b.SAK && bytes.Equal(a.ATS, b.ATS)
}
