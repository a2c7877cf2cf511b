// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
	"github.com/tagbase/tagbase-edge/sim/recording"
)

// The bench answers every recorded command with the recorded bytes.
func TestBenchAnswersAsRecorded(t *testing.T) {
	all, err := recording.All()
	if err != nil {
		t.Fatal(err)
	}

	for _, r := range all {
		t.Run(r.Name, func(t *testing.T) {
			f := antenna.NewField()
			tag := r.Chip()
			if tag != nil {
				f.Put(tag)
			}

			if r.Layer == recording.Air {
				replayAir(t, r, f)
				return
			}

			start := newHost
			if r.Steps[0].Mark == recording.Action && r.Steps[0].Words[0] == "power" {
				start = newSleeper
			}
			h, p := start(t, f)
			if err := h.conn.SetDeadline(time.Now().Add(await.Patience)); err != nil {
				t.Fatal(err)
			}
			(&replay{host: h, chip: p, recording: r, hand: hand{t, f, tag}}).run()
		})
	}
}

// replay is the host of a recording: it says what the recorded host said, and compares what it hears.
type replay struct {
	hand
	host      *host
	chip      *PN532
	recording recording.Recording
	unheard   bool // the last command has a sound answer that is not recorded
}

func (r *replay) run() {
	for _, s := range r.recording.Steps {
		r.t.Logf("%s.trace:%d", r.recording.Name, s.Line)
		switch s.Mark {
		case recording.Command, recording.Preparation:
			r.skipAnswer()
			r.say(s)
		case recording.Answer, recording.Assumption:
			r.unheard = false
			r.hear(s)
		case recording.Action:
			r.skipAnswer()
			r.act(s.Words)
		case recording.Conclusion: // for the product, see reader
		default:
			r.t.Fatalf("no mark %q between host and PN532", s.Mark)
		}
	}

	// The chip has nothing more to say: the next command gets its own answer.
	r.skipAnswer()
	r.host.write("0000ff02fed4022a00")
	r.host.expect("0000ff00ff00" + "0000ff06fad50332010607e800")
}

// say sends a command. A wake-up is no command, and gets no answer.
func (r *replay) say(s recording.Step) {
	r.t.Helper()
	wire, err := r.recording.Wire(s)
	if err != nil {
		r.t.Fatal(err)
	}

	r.host.write(hex.EncodeToString(wire))
	r.unheard = len(everyFrame(r.t, wire)) > 0

	// Only the PN532's own frames are recorded with their ACKs.
	if r.recording.Layer != recording.PN532 && s.Mark == recording.Command {
		r.host.expect(hex.EncodeToString(recording.ACK))
	}
}

// hear compares the next bytes from the chip. Those that are not recorded may be any.
func (r *replay) hear(s recording.Step) {
	r.t.Helper()
	wire, err := r.recording.Wire(s)
	if err != nil {
		r.t.Fatal(err)
	}
	if s.Unknown == 0 {
		r.host.expect(hex.EncodeToString(wire))
		return
	}

	// A long answer comes in a frame of another kind, so its contents are compared.
	f, err := newFrameScanner(r.host.in).next()
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.host.in.Discard(1); err != nil { // postamble
		r.t.Fatal(err)
	}

	const status = 3 // D5 41 and the status
	if len(f.data) != status+s.Unknown+len(s.Data) || !bytes.HasSuffix(f.data, s.Data) ||
		!bytes.HasPrefix(f.data, []byte{0xD5, 0x41, 0x00}) {
		r.t.Fatalf("got %x, want d54100, %d bytes and %x", f.data, s.Unknown, s.Data)
	}
}

// skipAnswer takes the ACK and the answer that the recording leaves out. An answer that the recording has is taken
// before.
func (r *replay) skipAnswer() {
	r.t.Helper()
	if !r.unheard {
		return
	}

	r.unheard = false
	r.host.expect(hex.EncodeToString(recording.ACK))
	if got := r.host.answer(); got == "syntax error" {
		r.t.Fatal("the PN532 does not take the command")
	}
}

// act carries out an action of the bench.
func (r *replay) act(words []string) {
	r.t.Helper()
	switch {
	case words[0] == "power": // the chip has just got it
	case words[0] == "polls":
		r.chip.Break(Fault{Kind: Polls, On: 0x44, Times: -1})
	case words[0] == "instead" && len(words) == 4:
		code, err := hex.DecodeString(words[1])
		if err != nil || len(code) != 1 {
			r.t.Fatalf("%v is not a code", words[1])
		}
		instead, err := hex.DecodeString(words[3])
		if err != nil {
			r.t.Fatal(err)
		}
		kind := map[string]FaultKind{"ack": InsteadOfACK, "answer": InsteadOfAnswer}[words[2]]
		r.chip.Break(Fault{Kind: kind, On: code[0], Bytes: instead})
	default:
		r.hand.act(words)
	}
}

// hand is a person's hand at the antenna, and the eye that looks at the tag.
type hand struct {
	t     *testing.T
	field *antenna.Field
	tag   chip.Chip
}

func (h hand) act(words []string) {
	h.t.Helper()
	switch {
	case words[0] == "take":
		h.field.Remove()
	case words[0] == "lay":
		h.field.Put(h.tag)
	case words[0] == "field":
		h.field.RF(false)
		h.field.RF(true)
	case words[0] == "counts" && len(words) == 2:
		want, err := strconv.Atoi(words[1])
		if err != nil {
			h.t.Fatal(err)
		}
		if got := h.tag.(interface{ Counter() uint32 }).Counter(); got != uint32(want) {
			h.t.Errorf("the tag counts %d, want %d", got, want)
		}
	default:
		h.t.Fatalf("no action %q", words)
	}
}

// replayAir plays the reader of a recording of the air.
func replayAir(t *testing.T, r recording.Recording, f *antenna.Field) {
	f.RF(true)
	var heard []byte // and not yet compared
	for _, s := range r.Steps {
		switch s.Mark {
		case recording.ReaderSends, recording.Preparation:
			if heard != nil {
				t.Fatalf("%s.trace:%d: the tag answered %x before, want silence", r.Name, s.Line, heard)
			}
			bits := 0
			if len(s.Data) == 1 { // a short frame
				bits = 7
			}
			heard, _, _ = f.Frame(s.Data, bits) // nil if nobody answers
		case recording.TagSends:
			if !bytes.Equal(heard, s.Data) {
				t.Fatalf("%s.trace:%d: the tag answered %x, want %x", r.Name, s.Line, heard, s.Data)
			}
			heard = nil
		case recording.Action:
			hand{t, f, nil}.act(s.Words)
		default:
			t.Fatalf("%s.trace:%d: no mark %q in the air", r.Name, s.Line, s.Mark)
		}
	}
	if heard != nil {
		t.Fatalf("%s.trace: the tag answered %x at the end, want silence", r.Name, heard)
	}
}
