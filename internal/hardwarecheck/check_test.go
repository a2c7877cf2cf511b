// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// with returns the assumptions of which the observations have that result.
func with(r Agreement, observations []Observation) (assumptions []string) {
	for _, f := range observations {
		if f.Result == r {
			assumptions = append(assumptions, f.Assumption)
		}
	}
	return assumptions
}

// A reader and tags that are as we assume agree in everything.
func TestBenchAgreesWithEveryAssumption(t *testing.T) {
	t.Parallel()
	r := libnfcReader(t)
	one, two := tagOne(), tagTwo()
	for _, s := range steps {
		r.lay(s.tags, one, two)
		c, o := r.make(t, s, newSecretKey())
		if o.Arrange != "" || c.Result != Agrees || len(c.Observations) != len(s.assumes) {
			t.Errorf("%s, %s: %q, %+v", s.name, s.tags, o.Arrange, c.Observations)
		}
	}
}

// The simulated reader has no firmware, looks at once, and has no FIFO: the check finds these, and nothing else.
func TestSimulatedReaderDiffersInWhatItDoesNotHave(t *testing.T) {
	t.Parallel()
	r := simulatedReader(t)
	one, two := tagOne(), tagTwo()
	var differ, unknown []string
	for _, s := range steps {
		r.lay(s.tags, one, two)
		c, _ := r.make(t, s, newSecretKey())
		differ = append(differ, with(Differs, c.Observations)...)
		unknown = append(unknown, with(NotChecked, c.Observations)...)
	}

	if diff := cmp.Diff([]string{lookTime, fast16}, differ); diff != "" {
		t.Errorf("what differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{isPN532}, unknown); diff != "" {
		t.Errorf("what was not checked (-want +got):\n%s", diff)
	}
}

// Every deviation that is planted is found, and no other one.
func TestDeviationOfTheReaderIsFound(t *testing.T) {
	t.Parallel()
	listTakes := func(ms time.Duration) func(*virtualReader) {
		return func(r *virtualReader) { r.listTakes(ms * time.Millisecond) }
	}

	for name, tt := range map[string]struct {
		check string
		tags  Arrangement
		plant func(*virtualReader)
		want  []string
	}{
		"another firmware": {"firmware", None, func(r *virtualReader) {
			r.instead("\xD5\x03\x32\x01\x06\x07\xE8", "\xD5\x03\x32\x01\x04\x07\xEA")
		}, []string{isPN532}},
		"requests that take no time": {"empty-look", None, func(r *virtualReader) { r.pn532.Mend() }, []string{lookTime}},
		"requests that take long":    {"empty-look", None, listTakes(40), []string{lookTime}},
		"a list that takes long":     {"type2-identity", Two, listTakes(60), []string{selectTime}},
		"a presence that is denied": {"type4-identity", One, func(r *virtualReader) {
			// libnfc asks with an R(NAK), and gets a block that acknowledges it, or a status.
			r.deviate(func(b []byte) []byte {
				if bytes.Contains(b, []byte("\xD5\x43\x00\xA2")) || bytes.Contains(b, []byte("\xD5\x43\x00\xA3")) {
					return []byte("\x00\x00\xFF\x03\xFD\xD5\x43\x01\xE7\x00")
				}
				return b
			})
		}, []string{staysPresent}},
		"HALT that does not hold a Type 4 tag": {"halt", One, (*virtualReader).haltDoesNotHold, []string{haltHolds}},
		"HALT that does not hold a Type 2 tag": {"halt", Two, (*virtualReader).haltDoesNotHold, []string{haltHolds}},
		"HALT that does not hold two tags":     {"halt", Both, (*virtualReader).haltDoesNotHold, []string{haltSecond, haltBoth}},
		"HALT that a field cycle does not end": {"halt", One, func(r *virtualReader) {
			r.after("\xD5\x4B", func(n int) {
				if n == 1+haltLooks {
					r.field.Remove()
				}
			})
		}, []string{haltEnds}},
		"a tag that is gone after a refusal": {"type2-read", Two, func(r *virtualReader) {
			r.after("\xD5\x43\x02", func(int) { r.field.Remove() })
		}, []string{nakIdle}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := libnfcReader(t)
			s := stepOf(t, tt.check, tt.tags)
			r.lay(s.tags, tagOne(), tagTwo())
			tt.plant(r)
			c, o := r.make(t, s, newSecretKey())
			if diff := cmp.Diff(tt.want, with(Differs, c.Observations)); diff != "" || o.Arrange != "" {
				t.Errorf("%q; what differs (-want +got):\n%s", o.Arrange, diff)
			}
		})
	}
}

// refusing is a tag that refuses commands that begin so.
func refusing(inside chip.Chip, which func(tx []byte) bool, answer string, err error) chip.Chip {
	return deviant{Chip: inside, transceive: func(inside chip.Chip, tx []byte) ([]byte, error) {
		if which(tx) {
			return []byte(answer), err
		}
		return inside.Transceive(tx)
	}}
}

// showing is a tag that shows another target.
func showing(inside chip.Chip, other func(*chip.Target)) chip.Chip {
	return deviant{Chip: inside, target: func(t chip.Target) chip.Target { other(&t); return t }}
}

func isReadOf(n byte) func([]byte) bool {
	return func(tx []byte) bool { return len(tx) == 5 && tx[1] == 0xB0 && tx[4] == n }
}

func isFastRead(tx []byte) bool { return tx[0] == cmdFastRead }

// counting is an NTAG 223 DNA that counts whenever when is true of a command.
func counting(when func(tx []byte) bool) chip.Chip {
	return deviant{Chip: tagTwo(), transceive: func(inside chip.Chip, tx []byte) ([]byte, error) {
		if when(tx) {
			inside.Power(true) // to the counter as good as a power-up
		}
		return inside.Transceive(tx)
	}}
}

// Every deviation of a tag is found, and no other one, with both readers.
func TestDeviationOfATagIsFound(t *testing.T) {
	t.Parallel()
	plain424 := chip.NewClone(url424+"?e=00&c=00", tagOne().Target())
	fresh := byte(0)

	for name, tt := range map[string]struct {
		check string
		tag   chip.Chip
		want  []string
	}{
		"another ATS": {"type4-identity", showing(tagOne(), func(t *chip.Target) {
			t.ATS = []byte{0x75, 0x77, 0x81, 0x02, 0x80}
		}), []string{type4Target}},
		"another ATQA": {"type4-identity", showing(tagOne(), func(t *chip.Target) {
			t.ATQA = [2]byte{0x00, 0x44}
		}), []string{type4Target}},
		"a UID of seven bytes that changes": {"type4-identity", showing(tagOne(), func(t *chip.Target) {
			fresh++
			t.UID = []byte{0x04, 1, 2, 3, 4, 5, fresh}
		}), []string{type4UID}},
		"a random UID that stays": {"type4-identity", showing(tagOne(), func(t *chip.Target) {
			t.ATQA, t.UID = [2]byte{0x03, 0x04}, []byte{0x08, 1, 2, 3}
		}), []string{type4UID}},
		"another version": {"type4-identity", refusing(tagOne(), func(tx []byte) bool { return tx[0] == 0x90 },
			"\x04\x01\x01\x33\x00\x1A\x05\x91\xAF", nil), []string{type4Version}},

		"a SELECT that takes no P2 0C": {"type4-read", refusing(tagOne(),
			func(tx []byte) bool { return tx[3] == 0x0C }, "\x6A\x86", nil), []string{type4Selects}},
		"a READ BINARY of 248 bytes that is refused": {"type4-read",
			refusing(tagOne(), isReadOf(0xF8), "\x67\x00", nil), []string{read248}},
		"an extended frame that gets lost": {"type4-read", refusing(tagOne(), isReadOf(0xFF), "", chip.ErrMute),
			[]string{read255}},
		"a READ BINARY of 256 bytes that is cut": {"type4-read", refusing(tagOne(), isReadOf(0x00), "cut\x90\x00", nil),
			[]string{read256}},
		"an answer that is too short": {"type4-read", refusing(tagOne(), isReadOf(0x80), "short\x90\x00", nil),
			[]string{read128}},

		"a counter that does not count at the second read": {"type4-count", func() chip.Chip {
			tag := new424()
			tag.CountPerActivation = true
			return tag
		}(), []string{countAgain}},
		"a counter that counts at every READ BINARY": {"type4-count", deviant{Chip: tagOne(),
			transceive: func(inside chip.Chip, tx []byte) ([]byte, error) {
				if tx[1] == 0xB0 {
					inside.Transceive([]byte{0x00}) // any other command
				}
				return inside.Transceive(tx)
			}}, []string{countPieces}},
		"a 424 that never counts": {"type4-count", plain424, []string{countAgain, countCycle}},

		"an SDM read that takes longer":  {"type4-time", computing(40 * time.Millisecond), []string{sdmTime}},
		"an SDM read that takes no time": {"type4-time", computing(0), []string{sdmTime}},
		"an SDM read near its limit": {"type4-time", computing(140 * time.Millisecond),
			[]string{sdmTime, sdmLimit}},

		"a Type 2 tag with another ATQA": {"type2-identity", showing(tagTwo(), func(t *chip.Target) {
			t.ATQA = [2]byte{0x0F, 0x44}
		}), []string{type2Target}},
		"a Type 2 tag without GET_VERSION": {"type2-identity", refusing(tagTwo(),
			func(tx []byte) bool { return tx[0] == cmdGetVersion }, "", chip.ErrNAK), []string{type2Version}},
		"a Type 2 tag of another maker": {"type2-identity", refusing(tagTwo(),
			func(tx []byte) bool { return tx[0] == cmdGetVersion }, "\x00\x53\x04\x02\x01\x00\x0F\x03", nil),
			[]string{type2Version}},

		"a FAST_READ that is refused": {"type2-read", refusing(tagTwo(), isFastRead, "", chip.ErrNAK),
			[]string{fast1, fast4, fast15}},
		"a FAST_READ of 15 pages that is too short": {"type2-read", refusing(tagTwo(),
			func(tx []byte) bool { return isFastRead(tx) && tx[2]-tx[1] == 14 }, "0123456789ab", nil),
			[]string{fast15}},
		"a READ that takes longer": {"type2-read", reading(20 * time.Millisecond), []string{readTime}},

		"a counter that counts at every READ": {"type2-count", counting(isFastRead),
			[]string{sameRead, sameAgain, countPower}},
		"a counter that counts at every activation": {"type2-count",
			deviant{Chip: tagTwo(), activate: func(inside chip.Chip) { inside.Power(true) }},
			[]string{sameAgain, countPower}},
		"a counter that counts twice at a power-up": {"type2-count", deviant{Chip: tagTwo(),
			power: func(inside chip.Chip, on bool) {
				inside.Power(on)
				inside.Transceive([]byte{cmdFastRead, ccPage, ccPage})
				inside.Power(on)
			}}, []string{countPower}},
		"a counter that counts once for ever": {"type2-count",
			deviant{Chip: tagTwo(), power: func(chip.Chip, bool) {}}, []string{countPower}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachReader(t, func(t *testing.T, r *virtualReader) {
				s := stepOf(t, tt.check, tagsOf(tt.check))
				r.field.Put(tt.tag)
				c, o := r.make(t, s, newSecretKey())

				// The simulated reader has no FIFO, whatever the tag.
				differ := slices.DeleteFunc(with(Differs, c.Observations), func(a string) bool {
					return r.pn532 == nil && a == fast16
				})
				if diff := cmp.Diff(tt.want, differ); diff != "" || o.Arrange != "" {
					t.Errorf("%q; what differs (-want +got):\n%s", o.Arrange, diff)
				}
			})
		})
	}
}

// tagsOf says which tag a check is for.
func tagsOf(check string) Arrangement {
	if check[:5] == "type4" {
		return One
	}
	return Two
}

// A chip with a random UID is no deviation, and a chip without a counter cannot tell when it counts.
func TestTagsThatAreNoDeviation(t *testing.T) {
	t.Parallel()
	random := new424()
	random.RandomID = true

	for name, tt := range map[string]struct {
		check string
		tag   chip.Chip
		want  Agreement
	}{
		"a random UID":               {"type4-identity", random, Agrees},
		"a 224 DNA":                  {"type2-identity", chip.NewNTAG224(uid223, key1, url223), Agrees},
		"a 224 DNA that counts":      {"type2-count", chip.NewNTAG224(uid223, key1, url223), Agrees},
		"a StatusDetect":             {"type2-identity", statusDetect(), Agrees},
		"a StatusDetect that counts": {"type2-count", statusDetect(), Agrees},
		"a Type 4 tag without a counter": {"type4-count", showing(chip.NewClone(url424, tagOne().Target()),
			func(t *chip.Target) { t.ATS = []byte{0x75, 0x77, 0x81, 0x02, 0x80} }), NotChecked},
		"an NTAG 213 without a counter":     {"type2-count", chip.NewForeign(url223), NotChecked},
		"an NTAG 223 DNA without FAST_READ": {"type2-count", refusing(tagTwo(), isFastRead, "", chip.ErrNAK), Agrees},
		"an empty file": {"type4-time", refusing(tagOne(),
			func(tx []byte) bool { return tx[1] == 0xB0 }, "\x00\x00\x90\x00", nil), NotChecked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachReader(t, func(t *testing.T, r *virtualReader) {
				r.field.Put(tt.tag)
				c, o := r.make(t, stepOf(t, tt.check, tagsOf(tt.check)), newSecretKey())
				if len(with(Differs, c.Observations)) > 0 || c.Result != tt.want || o.Arrange != "" {
					t.Errorf("%q, %+v, want all %q", o.Arrange, c.Observations, tt.want)
				}
			})
		})
	}
}

// Tags that lie there against what the check needs are for the person to mend.
func TestCheckSaysWhatLiesWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		check string
		tags  Arrangement
		on    []chip.Chip
		want  string
	}{
		"a tag at an empty look": {"empty-look", None, []chip.Chip{tagOne()}, errSomethingThere.Error()},
		"no tag":                 {"type4-count", One, nil, errNothingThere.Error()},
		"tag two for tag one":    {"type4-read", One, []chip.Chip{tagTwo()}, errNotType4.Error()},
		"tag one for tag two":    {"type2-read", Two, []chip.Chip{tagOne()}, errNotType2.Error()},
		"a tag that falls silent": {"type4-count", One,
			[]chip.Chip{refusing(tagOne(), isReadOf(longestRead), "", chip.ErrMute)}, errLost.Error()},
		"one tag for both": {"halt", Both, []chip.Chip{tagOne()}, errOneAlone.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachReader(t, func(t *testing.T, r *virtualReader) {
				r.field.Put(tt.on...)
				c, o := r.make(t, stepOf(t, tt.check, tt.tags), newSecretKey())
				if o.Arrange != tt.want || len(with(Differs, c.Observations)) > 0 {
					t.Errorf("%q, %+v, want %q", o.Arrange, c.Observations, tt.want)
				}
			})
		})
	}
}
