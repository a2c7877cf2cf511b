// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// A step is one of the ten checks with an arrangement of tags: what it assumes, and how it finds out.
type step struct {
	name    string
	tags    Arrangement
	find    func(*examination) error
	assumes []string
}

// steps are the ten checks in the order in which a person lays the tags down. HALT is one check three times: the two
// kinds of tag have different commands for it (S(DESELECT), HLTA), and two tags are what it is for.
var steps = []step{
	{"firmware", None, findFirmware, []string{isPN532}},
	{"empty-look", None, findEmptyLook, []string{lookTime}},

	{"type4-identity", One, findType4Identity, []string{type4Target, type4UID, type4Version, staysPresent}},
	{"type4-read", One, findType4Read, []string{type4Selects, read128, read248, read255, read256}},
	{"type4-count", One, findType4Count, []string{countPieces, countAgain, countCycle}},
	{"type4-time", One, findType4Time, []string{sdmTime, sdmLimit}},
	{"halt", One, findHalt, []string{haltHolds, haltEnds}},

	{"type2-identity", Two, findType2Identity, []string{type2Target, type2Version, selectTime, staysPresent}},
	{"type2-read", Two, findType2Read, []string{readTime, fast1, fast4, fast15, fast16, nakIdle}},
	{"type2-count", Two, findType2Count, []string{sameRead, sameAgain, countPower}},
	{"halt", Two, findHalt, []string{haltHolds, haltEnds}},

	{"halt", Both, findHaltOfTwo, []string{haltSecond, haltBoth}},
}

// lying says in words what lies on the reader.
func (a Arrangement) lying() string {
	return map[Arrangement]string{
		None: "nothing on the reader",
		One:  "tag one on the reader",
		Two:  "tag two on the reader",
		Both: "both tags on the reader",
	}[a]
}

// An arrangementError says that something else lies on the reader than the check needs. The person can mend it.
type arrangementError string

func (e arrangementError) Error() string { return string(e) }

const (
	errNothingThere   = arrangementError("no tag answers; lay it on the middle of the antenna, and move no hand")
	errSomethingThere = arrangementError("a tag answers; take everything off the reader, its cover's stickers too")
	errNotType4       = arrangementError("this tag speaks no ISO-DEP; tag one is an NTAG 424 DNA")
	errNotType2       = arrangementError("this is not a Type 2 tag; tag two is an NTAG 223 DNA, 224 DNA or 21x")
	errLost           = arrangementError("the tag did not answer a command; lay it flat, and move no hand")
	errOneAlone       = arrangementError("only one tag answers; lay both flat on the antenna, a finger's width apart")
)

// An examination is one check at work.
type examination struct{ *recorder }

// judge notes what was seen of an assumption.
func (x *examination) judge(assumption string, holds bool, seen string, args ...any) {
	r := Differs
	if holds {
		r = Agrees
	}
	x.tell(line{Observation: &Observation{Assumption: assumption, Seen: fmt.Sprintf(seen, args...), Result: r}})
}

// judgeLength notes whether an answer has n bytes.
func (x *examination) judgeLength(assumption string, got []byte, err error, n int) {
	x.judge(assumption, len(got) == n, "%s", seenOf(err, fmt.Sprintf("%d bytes", len(got))))
}

// seenOf is what was seen of a request: its error, or what it gave.
func seenOf(err error, got string) string {
	if err != nil {
		return err.Error()
	}
	return got
}

// examine makes a check with an open reader. What it finds and sees goes to the recorder's tell; the outcome says what
// kept the check from its end, if something did.
func (s step) examine(r *recorder) (o outcome) {
	err := s.find(&examination{r})
	if err == nil {
		return o
	}
	o.Why = err.Error()

	var wrong arrangementError
	switch {
	case errors.As(err, &wrong):
		o.Arrange = wrong.Error()
	case errors.Is(err, reader.ErrTagLost):
		o.Arrange = errLost.Error()
	}
	return o
}

// complete returns an observation for each of the check's assumptions, in their order. What was found stays, whatever
// came after it; why says why the others were not checked.
func (s step) complete(found []Observation, why string) []Observation {
	all := s.notChecked(cmp.Or(why, "the check ended before"))
	for i := range all {
		at := slices.IndexFunc(found, func(o Observation) bool { return o.Assumption == all[i].Assumption })
		if at >= 0 {
			all[i] = found[at]
		}
	}
	return all
}

// notChecked are the observations of a check that found out nothing.
func (s step) notChecked(why string) (all []Observation) {
	for _, a := range s.assumes {
		all = append(all, Observation{Assumption: a, Seen: why, Result: NotChecked})
	}
	return all
}

// begin selects the tag that lies there, after the field was off.
func (x *examination) begin() (reader.Target, error) {
	if err := x.cycle(); err != nil {
		return reader.Target{}, err
	}
	t, err := x.look()
	if errors.Is(err, reader.ErrNoTag) || errors.Is(err, reader.ErrTagLost) {
		err = errNothingThere
	}
	return t, err
}

// beginType4 begins with a tag that takes APDUs.
func (x *examination) beginType4() (reader.Target, error) {
	t, err := x.begin()
	if err == nil && !t.ISODEP() {
		err = errNotType4
	}
	return t, err
}

// beginType2 begins with a tag that takes page commands (SAK 00).
func (x *examination) beginType2() (reader.Target, error) {
	t, err := x.begin()
	if err == nil && t.SAK != 0x00 {
		err = errNotType2
	}
	return t, err
}

// stays asks the selected tag some times whether it is present.
func (x *examination) stays() error {
	const times = 3
	present := 0
	for range times {
		there, err := x.present()
		if err != nil {
			return err
		}
		if there {
			present++
		}
	}
	x.judge(staysPresent, present == times, "%d of %d times", present, times)
	return nil
}

// times are durations of the same request. The shortest is the hardware's: a host with other work only adds to it.
type times []time.Duration

func (t times) shortest() time.Duration { return slices.Min(t) }

func (t times) String() string {
	sorted := slices.Sorted(slices.Values(t))
	return fmt.Sprintf("%.1f ms (shortest of %d; median %.1f, longest %.1f)",
		milliseconds(sorted[0]), len(t), milliseconds(sorted[len(t)/2]), milliseconds(sorted[len(t)-1]))
}

// within reports whether d is no shorter and no longer than the two, in milliseconds.
func within(d time.Duration, shortest, longest float64) bool {
	return milliseconds(d) >= shortest && milliseconds(d) <= longest
}
