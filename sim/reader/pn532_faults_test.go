// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/hex"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

const (
	wireACK      = "0000ff00ff00"
	wireVersion  = "0000ff02fed4022a00"         // GetFirmwareVersion
	wireVersion5 = "0000ff06fad50332010607e800" // its answer
	wireWake     = "55550000000000"
	noFrame      = "(?:0[1-9a-f]|[1-9a-e][0-9a-f]|f[0-9a-e]){7}" // 7 bytes, none of them 00 or ff
)

// silent waits for a time in which no byte may come.
func (h *host) silent(d time.Duration) {
	h.t.Helper()
	if err := h.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		h.t.Fatal(err)
	}
	if got, err := h.in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Errorf("got %x, %v, want silence", got, err)
	}
	if err := h.conn.SetReadDeadline(time.Time{}); err != nil {
		h.t.Fatal(err)
	}
}

// matches reads n bytes of the wire and compares them with a pattern.
func (h *host) matches(n int, pattern string) {
	h.t.Helper()
	data := make([]byte, n)
	if _, err := io.ReadFull(h.in, data); err != nil {
		h.t.Fatal(err)
	}
	if got := hex.EncodeToString(data); !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
		h.t.Errorf("on the wire: got %s, want %s", got, pattern)
	}
}

// alive asks for the version and expects just the answer to that: anything that a fault left on the wire fails the
// test.
func (h *host) alive() {
	h.t.Helper()
	h.write(wireVersion)
	h.expect(wireACK + wireVersion5)
}

func TestFaultsSpoilFramesOnTheWire(t *testing.T) {
	tests := []struct {
		kind  FaultKind
		bytes int    // how many come
		want  string // they match
	}{
		{DropACK, 13, wireVersion5},
		{AnswerNACK, 6, "0000ffff0000"},
		{GarbageBefore, 7 + 6 + 7 + 13, noFrame + wireACK + noFrame + wireVersion5},
		{GarbageInstead, 6 + 7, wireACK + noFrame},
		{BadChecksum, 6 + 13, wireACK + "0000ff06fad50332010607e900"},
		{BadLength, 6 + 13, wireACK + "0000ff06fbd50332010607e800"},
		{Truncated, 6 + 6, wireACK + "0000ff06fad5"},
		{Dribble, 6 + 13, wireACK + wireVersion5},
		{Slow, 6 + 13, wireACK + wireVersion5},
		{ErrorFrame, 6 + 8, wireACK + "0000ff01ff7f8100"},
		{LongPreamble, 6 + 15, wireACK + "0000" + wireVersion5},
		{InsteadOfACK, 3, "988098"},
		{InsteadOfAnswer, 6 + 3, wireACK + "988098"},
	}

	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			h, p := newHost(t, antenna.NewField())
			p.Break(Fault{
				Kind: tt.kind, On: 0x02, Skip: 1, Times: 2, For: time.Millisecond, Bytes: []byte{0x98, 0x80, 0x98},
			})
			h.alive()

			for range 2 {
				h.ask("0000" + "12") // another command is not struck
				h.write(wireVersion)
				h.matches(tt.bytes, tt.want)
			}

			h.alive()
			if got, want := p.Broken(), 2; got != want {
				t.Errorf("got %d struck, want %d", got, want)
			}
		})
	}
}

// A chip that hangs hears nothing until Mend, a reset or the end of its time.
func TestFaultHangEnds(t *testing.T) {
	tests := []struct {
		name string
		how  time.Duration
		mend func(*PN532, *host)
	}{
		{"mended", 0, func(p *PN532, _ *host) { p.Mend() }},
		{"reset", 0, func(p *PN532, h *host) { p.Reset(); h.write(wireWake) }},
		{"in time", 30 * time.Millisecond, func(p *PN532, h *host) {
			await.Until(h.t, "the hang is over", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return !p.hung()
			})
		}},
	}

	for _, tt := range tests {
		for kind, ack := range map[FaultKind]string{HangBeforeACK: "", HangAfterACK: wireACK} {
			t.Run(tt.name+ack, func(t *testing.T) {
				h, p := newHost(t, antenna.NewField())
				p.Break(Fault{Kind: kind, For: tt.how})
				h.write(wireVersion + wireVersion)
				h.expect(ack)
				await.Until(t, "the fault strikes", func() bool { return p.Broken() > 0 })

				h.write(wireVersion + wireWake + wireVersion + wireVersion[:10]) // lost, the last one torn
				h.write("00")                                                    // taken only after those were
				tt.mend(p, h)
				h.alive()
				if got, want := p.Broken(), 1; got != want {
					t.Errorf("got %d struck, want %d", got, want)
				}
			})
		}
	}
}

// A hang that is ordered for all commands comes back after a reset.
func TestFaultOutlivesAReset(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	p.Break(Fault{Kind: AnswerNACK, Times: -1})

	for range 3 {
		h.write(wireWake + wireVersion)
		h.expect("0000ffff0000")
		p.Reset()
	}

	p.Mend()
	h.write(wireWake)
	h.alive()
}

// Half a frame from before a reset does not swallow the beginning of the next.
func TestResetTearsAFrame(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	h.write("0000ff20e0d4")
	h.write("00") // taken only after that was
	p.Reset()
	h.write(wireWake)
	h.alive()
}

// The older of two faults strikes first; the younger strikes the next command.
func TestOlderFaultStrikesFirst(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	p.Break(Fault{Kind: AnswerNACK, On: 0x02})
	p.Break(Fault{Kind: ErrorFrame})
	h.write(wireVersion)
	h.expect("0000ffff0000")
	if got, want := h.ask("02"), "syntax error"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	h.alive()
}

func TestFaultSlowEndsWithAnAbortOrAReset(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	p.Break(Fault{Kind: Slow, For: time.Hour})
	h.start("02")
	h.write("0000ff00ff00")
	h.alive()

	const soon = 20 * time.Millisecond
	p.Break(Fault{Kind: Slow, For: soon})
	h.start("02")
	h.silent(soon / 4) // by now it waits
	p.Reset()
	h.silent(2 * soon)
	h.write(wireWake)
	h.alive()
}

// Each command gets the answer of the one before, until the chip is mended or reset.
func TestFaultOneBehind(t *testing.T) {
	for name, end := range map[string]func(*PN532, *host){
		"mended": func(p *PN532, _ *host) { p.Mend() },
		"reset":  func(p *PN532, h *host) { p.Reset(); h.write(wireWake) },
	} {
		t.Run(name, func(t *testing.T) {
			h, p := newHost(t, antenna.NewField())
			p.Break(Fault{Kind: OneBehind, On: 0x02, Skip: 1})
			h.alive()

			h.ask("0000" + "12")
			for _, e := range []exchange{{"02", "010012"}, {"0000" + "34", "0332010607"}, {"02", "010034"}} {
				if got := h.ask(e.command); got != e.want {
					t.Errorf("%s: got %s, want %s", e.command, got, e.want)
				}
			}

			end(p, h)
			h.alive()
		})
	}
}

// The command that aborts another one gets no ACK, and neither does the next one after an ACK that did.
func TestFaultDeafOnAbort(t *testing.T) {
	for name, abort := range map[string]string{"a command": wireVersion, "an ACK": wireACK + wireVersion} {
		t.Run(name, func(t *testing.T) {
			h, p := newHost(t, antenna.NewField())
			p.Break(Fault{Kind: DeafOnAbort, For: time.Hour})
			h.start("02")
			h.write(abort) // lost
			h.alive()
		})
	}
}

// A fault for one command with certain parameters leaves the others alone.
func TestFaultWithParameters(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	p.Break(Fault{Kind: ErrorFrame, On: 0x00, With: []byte{0x00, 0x12}, Times: -1})
	for _, e := range []exchange{
		{"00" + "0012", "syntax error"}, {"00" + "0013", "010013"},
		{"00" + "001234", "syntax error"}, {"00" + "00", "0100"},
	} {
		if got := h.ask(e.command); got != e.want {
			t.Errorf("%s: got %s, want %s", e.command, got, e.want)
		}
	}
}

func TestFaultDribbleTakesItsTime(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	const pause = 2 * time.Millisecond
	p.Break(Fault{Kind: Dribble, For: pause})
	h.write(wireVersion)
	began := time.Now()
	for _, b := range []string{"00", "00", "ff", "00", "ff"} {
		h.expect(b)
	}

	if got, want := time.Since(began), 4*pause; got < want {
		t.Errorf("5 bytes came in %v, want more than %v", got, want)
	}

	h.expect("00" + wireVersion5)
}

func TestFaultNADBitStrikesAStatusByte(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank())
	h, p := newHost(t, f)
	p.Break(Fault{Kind: NADBit})

	for _, e := range []exchange{
		{listA, listed213}, // no status byte to strike
		{"4230" + "03", "4380" + "e11012000103a00c340300fe00000000"},
		{"4230" + "03", "4300" + "e11012000103a00c340300fe00000000"},
	} {
		if got := h.ask(e.command); got != e.want {
			t.Errorf("%s: got %s, want %s", e.command, got, e.want)
		}
	}
}

func TestFaultEmptyATSWaitsForAnATS(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank())
	h, p := newHost(t, f)
	p.Break(Fault{Kind: EmptyATS})
	if got := h.ask(listA); got != listed213 { // a Type 2 tag has no ATS that could be empty
		t.Errorf("got %s, want %s", got, listed213)
	}

	f.Put(chip.NewNTAG424(test424, key1, key2, url424))
	if got, want := h.ask(listA), strings.TrimSuffix(listed424, "067777710280")+"00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	h.ask("320100")
	if got := h.ask(listA); got != listed424 {
		t.Errorf("got %s, want %s", got, listed424)
	}
}

// After a brown-out, and after a pulse on the reset line, the chip has forgotten everything that the host had set.
func TestPowerOnForgetsEverything(t *testing.T) {
	tests := []struct {
		name string
		cut  func(*PN532, *host)
	}{
		{"brown-out", func(p *PN532, h *host) {
			p.Break(Fault{Kind: BrownOut})
			h.write(wireVersion) // not answered
		}},
		{"reset", func(p *PN532, _ *host) { p.Reset() }},
		{"reset while it waits for a tag", func(p *PN532, h *host) {
			h.ask("32050000ff")
			p.field.Remove()
			h.start("600101" + "10") // a poll
			p.Reset()
			p.field.Put(chip.NewBlank())
		}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, tag := antenna.NewField(), &meter{Chip: chip.NewBlank()}
			f.Put(tag)
			h, p := newHost(t, f)
			for _, command := range []string{finite, "1204", listA, "08630d10"} {
				h.ask(command)
			}

			tt.cut(p, h)
			h.write(wireVersion) // not heard
			h.write(wireWake)
			h.alive()
			if len(tag.changes) != 2 || tag.changes[1] {
				t.Errorf("power of the tag: got %v, want on and off", tag.changes)
			}

			for _, e := range []exchange{
				{"04", "0500000000"}, {"06630d", "0700"}, {"40013003", "4127"},
			} {
				if got := h.ask(e.command); got != e.want {
					t.Errorf("%s: got %s, want %s", e.command, got, e.want)
				}
			}

			f.Put(chip.NewNTAG424(test424, key1, key2, url424))
			if got := h.ask(listA); got != listed424 { // RATS again
				t.Errorf("got %s, want %s", got, listed424)
			}

			f.Remove()
			h.start(listA) // without a limit: only an ACK ends it
			h.write(wireACK)
			h.alive()
		})
	}
}
