// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

//go:embed testdata/*.trace
var files embed.FS

// A Grade is how far a recording can be trusted.
type Grade string

const (
	Recorded    Grade = "R" // recorded on real hardware, with the bytes
	Stated      Grade = "S" // told by somebody with the hardware
	NXP         Grade = "N" // NXP's text or example
	Constructed Grade = "C" // put together from the others, never seen as a whole
)

// A Layer is where a recording was made, and so what its bytes are.
type Layer string

const (
	PN532 Layer = "pn532" // whole frames between host and PN532
	CCID  Layer = "ccid"  // whole CCID messages of an ACR122, whose pseudo-APDU carries the PN532's command
	APDU  Layer = "apdu"  // APDUs between host and tag, without the frames around them
	Air   Layer = "air"   // frames between reader and tag
)

// A Mark is the kind of a step.
type Mark string

const (
	Command     Mark = ">"  // host to reader
	Answer      Mark = "<"  // reader to host
	Preparation Mark = "c>" // host to reader, or reader to tag; constructed
	Assumption  Mark = "c<" // reader to host; constructed, but compared
	ReaderSends Mark = "r>" // reader to tag
	TagSends    Mark = "t<" // tag to reader
	Action      Mark = "!"  // by the bench, see Recording
	Conclusion  Mark = "="  // of the product, see Recording
)

// A Step is one line of a recording.
type Step struct {
	Line    int
	Mark    Mark
	Unknown int      // of an answer: how many bytes come first whose values are not recorded
	Data    []byte   // of every step but Action and Conclusion
	Words   []string // of Action and Conclusion
}

// A Recording is one file.
//
// The actions are:
//
//	power                     the PN532 has just got its power, and sleeps; only as the first step
//	take                      a person takes the tag away
//	lay                       a person lays it on the antenna again
//	field                     the reader's field goes off, and on again
//	instead CODE ack HEX      with the next command of this code the PN532 gives these bytes in place of its ACK
//	instead CODE answer HEX   and in place of its answer
//	polls                     the reader polls by itself from now on: no tag stays in HALT
//	counts N                  the tag shows this count by now
//
// The conclusions are:
//
//	reader NAME               the reader is this one
//	sent                      the product sends all commands above, in this order
//	nobody                    no tag is there
//	tag ATQA SAK UID ATS      this tag is there, with - for no ATS
//	tap KIND RESULT           its tap gives this kind of chip, and a "url" or the reason for none
//	data HEX                  the tag's answer is this
//	lost                      the tag does not answer
//	fault                     the reader has failed; it works when it is opened again
type Recording struct {
	Name   string // of the file, without its ending
	Source string
	Grade  Grade
	Layer  Layer
	Steps  []Step

	tag tag
}

// Chip makes the tag of the recording, or returns nil if none is there. See tag.
func (r Recording) Chip() chip.Chip { return r.tag.chip() }

// All returns every recording, in the order of the names.
func All() ([]Recording, error) {
	names, err := fs.Glob(files, "testdata/*.trace")
	if err != nil {
		return nil, err
	}

	var all []Recording
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r, err := parse(strings.TrimSuffix(path.Base(name), ".trace"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s:%v", name, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// parse reads one file. An error begins with the number of its line.
func parse(name, text string) (Recording, error) {
	r := Recording{Name: name}
	line := 0
	for all := range strings.Lines(text) {
		line++
		content, _, _ := strings.Cut(all, "#")
		if content = strings.TrimSpace(content); content == "" {
			continue
		}

		if err := r.parseLine(line, content, all); err != nil {
			return Recording{}, fmt.Errorf("%d: %v", line, err)
		}
	}

	if r.Source == "" || r.Grade == "" || r.Layer == "" || !r.tag.given || len(r.Steps) == 0 {
		return Recording{}, fmt.Errorf("%d: source, grade, layer, on or steps are missing", line)
	}
	return r, nil
}

// A step: the recorder's clock if it is known, the mark, and the rest.
var stepPattern = regexp.MustCompile(`^(?:[0-9]+ +)?(c>|c<|>|<|r>|t<|!|=) +(\S.*)$`)

// parseLine reads a line without its comment. A source is taken from the whole line: issues are named by a #.
func (r *Recording) parseLine(line int, content, all string) error {
	if step := stepPattern.FindStringSubmatch(content); step != nil {
		s, err := parseStep(Mark(step[1]), step[2])
		s.Line = line
		r.Steps = append(r.Steps, s)
		return err
	}
	if len(r.Steps) > 0 {
		return errors.New("not a step")
	}

	key, value, _ := strings.Cut(content, " ")
	value = strings.TrimSpace(value)
	switch key {
	case "source":
		r.Source = strings.TrimSpace(strings.TrimPrefix(all, key))
	case "grade":
		r.Grade = Grade(value)
		return oneOf(r.Grade, Recorded, Stated, NXP, Constructed)
	case "layer":
		r.Layer = Layer(value)
		return oneOf(r.Layer, PN532, CCID, APDU, Air)
	case "on":
		return r.tag.parse(strings.Fields(value))
	case "knows":
		return r.tag.parseAnswer(strings.Fields(value))
	default:
		return fmt.Errorf("no key %q", key)
	}
	return nil
}

func oneOf[T ~string](got T, known ...T) error {
	for _, k := range known {
		if got == k {
			return nil
		}
	}
	return fmt.Errorf("got %q, want one of %q", got, known)
}

func parseStep(mark Mark, rest string) (Step, error) {
	s := Step{Mark: mark}
	if mark == Action || mark == Conclusion {
		s.Words = strings.Fields(rest)
		return s, nil
	}

	if count, found := strings.CutPrefix(rest, "*"); found && mark == Answer {
		count, rest, _ = strings.Cut(count, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return s, err
		}
		s.Unknown = n
	}

	var err error
	s.Data, err = hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	return s, err
}
