// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"regexp"
	"strings"
	"testing"
)

// rfcKey is the key of RFC 4493's examples, under which some of the mirrors here were made.
var rfcKey = [16]byte{
	0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
}

// knownMirrors are NXP's two examples of an NTAG 223 DNA (AN12998), and mirrors that OpenSSL made by the same rule.
var knownMirrors = []struct {
	name    string
	key     [16]byte
	uid     [7]byte
	counter uint32
	mirror  string
}{
	{
		"AN12998, count 1", [16]byte{}, [7]byte{0x04, 0xAA, 0x2B, 0xD2, 0x33, 0x57, 0x80}, 1,
		"04AA2BD2335780x000001xB188AC6F69140B92",
	},
	{
		"AN12998, count 3", [16]byte{}, [7]byte{0x04, 0xC7, 0x67, 0xF2, 0x06, 0x61, 0x80}, 3,
		"04C767F2066180x000003x3779793DFE592188",
	},
	{
		"OpenSSL, zero key", [16]byte{}, [7]byte{0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}, 1,
		"04112233445566x000001x3700977F868B504F",
	},
	{
		"OpenSSL, key of RFC 4493", rfcKey, [7]byte{0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}, 1,
		"04112233445566x000001x368D4DBC5C5189B9",
	},
}

func TestProof22xOfTheApplicationNote(t *testing.T) {
	for _, tt := range knownMirrors {
		t.Run(tt.name, func(t *testing.T) {
			if got := Proof22x(tt.key, tt.uid, tt.counter); got != tt.mirror {
				t.Errorf("Proof22x: got %s, want %s", got, tt.mirror)
			}
			uid, counter, ok := Open22x(tt.key, tt.mirror)
			if !ok || uid != tt.uid || counter != tt.counter {
				t.Errorf("Open22x: got %X, %d, %t, want %X, %d, true", uid, counter, ok, tt.uid, tt.counter)
			}
		})
	}
}

// Two NTAG 223 DNA StatusDetect gave such mirrors, with their loop open, and without a status in the mirror, which the
// MAC then covers as five zeros. OpenSSL made these for another UID.
func TestProofStatusDetectOfTwoRealTags(t *testing.T) {
	uid := [7]byte{0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}
	tests := []struct {
		name   string
		key    [16]byte
		status LoopStatus
		mirror string
	}{
		{"open", [16]byte{}, LoopOpen, "04112233445566x000000xCO00000000x709B9A13C65BA9C6"},
		{"not shown", [16]byte{}, LoopStatus{}, "04112233445566x000000x0000000000xAE8D4C889A3F541D"},
		{"not shown, another key", rfcKey, LoopStatus{}, "04112233445566x000000x0000000000x077D3F80663D511A"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ProofStatusDetect(tt.key, uid, 0, tt.status); got != tt.mirror {
				t.Errorf("ProofStatusDetect: got %s, want %s", got, tt.mirror)
			}
			got, counter, ok := Open22x(tt.key, tt.mirror)
			if !ok || got != uid || counter != 0 {
				t.Errorf("Open22x: got %X, %d, %t, want %X, 0, true", got, counter, ok, uid)
			}
		})
	}
}

func TestProofStatusDetectOpens(t *testing.T) {
	for _, status := range []LoopStatus{{}, LoopClosed, LoopOpen, {0xFF}, {0x99, 0x12, 0x34, 0xAB, 0xCD}} {
		for _, want := range counters {
			mirror := ProofStatusDetect(testFile, testUID, want, status)
			uid, got, ok := Open22x(testFile, mirror)
			if !ok || uid != testUID || got != want {
				t.Errorf("%s: got %X, %d, %t, want %X, %d, true", mirror, uid, got, ok, testUID, want)
			}
		}
	}

	if got, want := ProofStatusDetect(testFile, testUID, 7, LoopStatus{0x99, 0x12, 0x3F, 0xAB, 0x9C})[21:33],
		"xII123FAB9Cx"; got != want {
		t.Errorf("status in the mirror: got %s, want %s", got, want)
	}
}

func TestProof22xOpens(t *testing.T) {
	shape := regexp.MustCompile(`^04DE5F1EACC040x[0-9A-F]{6}x[0-9A-F]{16}$`)
	for _, want := range counters {
		mirror := Proof22x(testFile, testUID, want)
		if !shape.MatchString(mirror) {
			t.Errorf("counter %d: got %s", want, mirror)
		}
		uid, got, ok := Open22x(testFile, mirror)
		if !ok || uid != testUID || got != want {
			t.Errorf("counter %d: got %X, %d, %t", want, uid, got, ok)
		}
	}

	if got, want := Proof22x(testFile, testUID, 0xFF010203)[15:21], "010203"; got != want {
		t.Errorf("counter in the mirror: got %s, want %s", got, want)
	}
}

func TestOpen22xRefusesAForgedProof(t *testing.T) {
	good := Proof22x(testFile, testUID, 7)
	cut := ProofStatusDetect(testFile, testUID, 7, LoopOpen)
	tests := []struct {
		name, mirror string
		key          [16]byte
	}{
		{"other key", good, testMeta},
		{"other counter", strings.Replace(good, "x000007x", "x000008x", 1), testFile},
		{"other UID", "05" + good[2:], testFile},
		{"other separator", good[:14] + "y" + good[15:], testFile},
		{"other second separator", good[:21] + "y" + good[22:], testFile},
		{"lower case", strings.ToLower(good), testFile},
		{"lower-case UID", strings.ToLower(good[:13]) + good[13:], testFile},
		{"UID not hex", "Z" + good[1:], testFile},
		{"counter not hex", good[:15] + "Z" + good[16:], testFile},
		{"MAC not hex", good[:22] + "Z" + good[23:], testFile},
		{"short", good[:37], testFile},
		{"long", good + "0", testFile},
		{"nothing", "", testFile},
		{"status, other key", cut, testMeta},
		{"status, loop closed again", strings.Replace(cut, "xCO", "xCC", 1), testFile},
		{"status as digits", strings.Replace(cut, "xCO", "x3F", 1), testFile},
		{"status in lower case", strings.Replace(cut, "xCO", "xco", 1), testFile},
		{"status not hex", strings.Replace(cut, "xCO0", "xCOZ", 1), testFile},
		{"status left out", cut[:21] + cut[32:], testFile},
		{"status put in", good[:21] + "x0000000000" + good[21:], testFile},
		{"separator before the status", cut[:21] + "y" + cut[22:], testFile},
		{"separator behind the status", cut[:32] + "y" + cut[33:], testFile},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uid, counter, ok := Open22x(tt.key, tt.mirror)
			if ok || uid != [7]byte{} || counter != 0 {
				t.Errorf("got %X, %d, %t, want nothing", uid, counter, ok)
			}
		})
	}
}
