// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"regexp"
	"testing"
)

var (
	testMeta = [16]byte{0x10, 15: 0x1F}
	testFile = [16]byte{0x20, 15: 0x2F}
	testUID  = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
)

// The parameters in the example URL of NXP AN12196, under all-zero keys.
const (
	publishedE = "EF963FF7828658A599F3041510671E88"
	publishedC = "94EED9EE65337086"
)

func TestOpen424OfTheApplicationNote(t *testing.T) {
	var zero [16]byte
	uid, counter, ok := Open424(zero, zero, publishedE, publishedC)
	if !ok || uid != testUID || counter != 61 {
		t.Errorf("Open424: got %X, %d, %t, want %X, 61, true", uid, counter, ok, testUID)
	}
	if _, c := Proof424(zero, zero, testUID, 61); c != publishedC {
		t.Errorf("Proof424: got c=%s, want %s", c, publishedC)
	}
}

func TestOpen424RefusesAForgedProof(t *testing.T) {
	var zero [16]byte
	tests := []struct {
		name, e, c string
		meta, file [16]byte
	}{
		{"other MAC", publishedE, "94EED9EE65337087", zero, zero},
		{"other PICC data", "EF963FF7828658A599F3041510671E89", publishedC, zero, zero},
		{"other meta key", publishedE, publishedC, testMeta, zero},
		{"other file key", publishedE, publishedC, zero, testFile},
		{"short MAC", publishedE, publishedC[:14], zero, zero},
		{"short PICC data", publishedE[:30], publishedC, zero, zero},
		{"two blocks", publishedE + publishedE, publishedC, zero, zero},
		{"e not hex", "Z" + publishedE[1:], publishedC, zero, zero},
		{"c not hex", publishedE, "Z" + publishedC[1:], zero, zero},
		{"nothing", "", "", zero, zero},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uid, counter, ok := Open424(tt.meta, tt.file, tt.e, tt.c)
			if ok || uid != [7]byte{} || counter != 0 {
				t.Errorf("got %X, %d, %t, want nothing", uid, counter, ok)
			}
		})
	}
}

// PICC data without the tag C7 is refused even if the MAC fits it.
func TestOpen424NeedsPICCDataTag(t *testing.T) {
	picc := [16]byte{0: 0x87}
	copy(picc[1:], testUID[:])
	newAES(testMeta).Encrypt(picc[:], picc[:])
	mac := sdmMAC(testFile, testUID, 0)
	if _, _, ok := Open424(testMeta, testFile, upperHex(picc[:]), upperHex(mac[:])); ok {
		t.Error("PICC data with the tag 87: got ok")
	}
}

var counters = []uint32{0, 1, 61, 0x0102, 0x010203, 0xFFFFFF}

func TestProof424Opens(t *testing.T) {
	eShape, cShape := regexp.MustCompile(`^[0-9A-F]{32}$`), regexp.MustCompile(`^[0-9A-F]{16}$`)
	for _, want := range counters {
		e, c := Proof424(testMeta, testFile, testUID, want)
		if !eShape.MatchString(e) || !cShape.MatchString(c) {
			t.Errorf("counter %d: got e=%s c=%s, want 32 and 16 upper-case hex", want, e, c)
		}
		uid, got, ok := Open424(testMeta, testFile, e, c)
		if !ok || uid != testUID || got != want {
			t.Errorf("counter %d: got %X, %d, %t", want, uid, got, ok)
		}
	}

	e1, _ := Proof424(testMeta, testFile, testUID, 1)
	e2, _ := Proof424(testMeta, testFile, testUID, 1)
	if e1 == e2 {
		t.Errorf("two proofs have the same padding: %s", e1)
	}
}
