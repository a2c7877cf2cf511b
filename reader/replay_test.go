// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
	"github.com/tagbase/tagbase-edge/sim/recording"
)

// The product meets the recorded answers, through libnfc, and concludes what a person would conclude.
func TestReaderConcludesWhatARecordingShows(t *testing.T) {
	all, err := recording.All()
	if err != nil {
		t.Fatal(err)
	}

	for _, r := range all {
		concludes := func(s recording.Step) bool { return s.Mark == recording.Conclusion }
		if slices.ContainsFunc(r.Steps, concludes) {
			t.Run(r.Name, func(t *testing.T) { newReplay(t, r).run() })
		}
	}
}

// A replay is the product on a virtual PN532 that is in the situation of a recording.
type replay struct {
	t         *testing.T
	recording recording.Recording
	field     *simantenna.Field
	chip      *simreader.PN532
	line      *overheardLine
	device    string
	dev       Device
	selected  bool
	target    Target

	// Of the recording, up to the step that is played: all commands on the wire, the last one, and the last answer.
	commands    [][]byte
	command     recording.Step
	answer      []byte
	answerKnown bool // to its last byte
}

// overheardLine is a line that remembers what went over it.
type overheardLine struct {
	io.ReadWriter

	mu       sync.Mutex // guards the two
	toChip   []byte
	fromChip []byte
}

func (o *overheardLine) Read(b []byte) (int, error) {
	n, err := o.ReadWriter.Read(b)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.toChip = append(o.toChip, b[:n]...)
	return n, err
}

func (o *overheardLine) Write(b []byte) (int, error) {
	// First this: the host may go on as soon as it has the bytes.
	o.mu.Lock()
	o.fromChip = append(o.fromChip, b...)
	o.mu.Unlock()
	return o.ReadWriter.Write(b)
}

func newReplay(t *testing.T, r recording.Recording) *replay {
	link := filepath.Join(t.TempDir(), "pn532")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}

	p := &replay{t: t, recording: r, field: simantenna.NewField(), device: "pn532_uart:" + link}
	p.chip = simreader.NewPN532(p.field)
	p.line = &overheardLine{ReadWriter: pty}
	var served sync.WaitGroup
	served.Go(func() { // ends when the port closes
		if err := p.chip.Serve(p.line); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if p.dev != nil {
			p.dev.Close()
		}
		pty.Close()
		served.Wait()
	})

	p.lay()
	return p
}

func (p *replay) lay() {
	if tag := p.recording.Chip(); tag != nil {
		p.field.Put(tag)
	}
}

func (p *replay) open() {
	p.t.Helper()
	dev, err := Open(p.device)
	if err != nil {
		p.t.Fatal(err)
	}
	p.dev, p.selected = dev, false
}

func (p *replay) run() {
	for _, s := range p.recording.Steps {
		// Only now: what the bench does first may concern what the reader says while it is opened.
		if p.dev == nil && s.Mark == recording.Conclusion {
			p.open()
		}

		p.t.Logf("%s.trace:%d", p.recording.Name, s.Line)
		switch s.Mark {
		case recording.Command:
			wire, err := p.recording.Wire(s)
			if err != nil {
				p.t.Fatal(err)
			}
			p.command, p.commands = s, append(p.commands, wire)
		case recording.Answer, recording.Assumption:
			wire, err := p.recording.Wire(s)
			if err != nil {
				p.t.Fatal(err)
			}
			p.answer, p.answerKnown = wire, s.Unknown == 0
		case recording.Action:
			p.act(s.Words)
		case recording.Conclusion:
			p.conclude(s.Words)
		}
	}
}

// act carries out an action of the bench.
func (p *replay) act(words []string) {
	p.t.Helper()
	switch words[0] {
	case "power": // Open wakes the chip
	case "take":
		if !p.selected {
			p.selectTag()
		}
		p.field.Remove()
	case "lay":
		p.lay()
	case "polls":
		p.chip.Break(simreader.Fault{Kind: simreader.Polls, On: 0x44, Times: -1})
	case "instead":
		if !p.selected && p.recording.Chip() != nil {
			p.selectTag() // the fault may be meant for a later command of the same code
		}
		kind := map[string]simreader.FaultKind{
			"ack": simreader.InsteadOfACK, "answer": simreader.InsteadOfAnswer,
		}[words[2]]
		p.chip.Break(simreader.Fault{Kind: kind, On: p.bytes(words[1])[0], Bytes: p.bytes(words[3])})
	default:
		p.t.Fatalf("no action %q of a recording with a conclusion", words)
	}
}

func (p *replay) bytes(word string) []byte {
	p.t.Helper()
	if word == "-" {
		return nil
	}
	b, err := hex.DecodeString(word)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// conclude lets the product meet the last answer, and compares what it makes of it.
func (p *replay) conclude(words []string) {
	p.t.Helper()
	switch words[0] {
	case "sent":
		p.sent()
		return
	case "reader":
		p.heardTheAnswer()
		if got, want := p.dev.(*libnfc).Firmware(), words[1]+" "+words[2]; got != want {
			p.t.Errorf("the reader is %q, want %q", got, want)
		}
	case "nobody":
		if target, err := p.dev.Select(1); !errors.Is(err, ErrNoTag) {
			p.t.Errorf("got %+v, %v, want %v", target, err, ErrNoTag)
		}
		p.heardTheAnswer()
	case "tag":
		p.tag(words[1:])
	case "tap":
		p.tap(Chip(words[1]), words[2])
	case "data":
		rx, err := p.transceive()
		if want := p.bytes(words[1]); err != nil || !bytes.Equal(rx, want) {
			p.t.Errorf("got %x, %v, want %x", rx, err, want)
		}
		p.heardTheAnswer()
	case "lost":
		if rx, err := p.transceive(); !errors.Is(err, ErrTagLost) {
			p.t.Errorf("got %x, %v, want %v", rx, err, ErrTagLost)
		}
		p.heardTheAnswer()
	case "fault":
		p.fault()
	default:
		p.t.Fatalf("no conclusion %q", words)
	}
}

// heardTheAnswer checks that the recorded answer was among those that the product got.
func (p *replay) heardTheAnswer() {
	p.t.Helper()
	p.line.mu.Lock()
	defer p.line.mu.Unlock()
	if !p.answerKnown || !bytes.Contains(p.line.fromChip, p.answer) {
		p.t.Errorf("the product did not get the recorded answer %x", p.answer)
	}
}

// sent checks that the product sent the recorded commands in their order.
func (p *replay) sent() {
	p.t.Helper()
	p.line.mu.Lock()
	defer p.line.mu.Unlock()
	rest := p.line.toChip
	for _, command := range p.commands {
		at := bytes.Index(rest, command)
		if at < 0 {
			p.t.Fatalf("the product did not send %x in its place; all that it sent is\n%x", command, p.line.toChip)
		}
		rest = rest[at+len(command):]
	}
}

// selectTag selects the tag. It may be in any state after what came before, and so the field goes off first.
func (p *replay) selectTag() {
	p.t.Helper()
	if p.dev == nil {
		p.open()
	}
	if err := p.dev.Cycle(); err != nil {
		p.t.Fatal(err)
	}
	p.target, p.selected = mustSelect(p.t, p.dev), true
}

func (p *replay) tag(words []string) {
	p.t.Helper()
	p.selectTag()
	want := Target{ATQA: [2]byte(p.bytes(words[0])), SAK: p.bytes(words[1])[0], UID: p.bytes(words[2])}
	want.ATS = append([]byte{}, p.bytes(words[3])...)
	got := p.target
	got.ATS = append([]byte{}, got.ATS...)
	if !reflect.DeepEqual(got, want) {
		p.t.Errorf("got %+v, want %+v", got, want)
	}
	if p.recording.Layer != recording.APDU { // whose answers begin behind the list
		p.heardTheAnswer()
	}
}

// tap reads the tag as a tap does.
func (p *replay) tap(kind Chip, result string) {
	p.t.Helper()
	p.selectTag()
	tap, err := Read(p.dev, p.target, time.Now(), TwoTaps)
	if err != nil {
		p.t.Error(err)
	}
	got := string(tap.Reason)
	if tap.URL != "" {
		got = "url"
	}
	if tap.Chip != kind || got != result {
		p.t.Errorf("got a tap of %s with %q, want %s with %q", tap.Chip, got, kind, result)
	}

	// A tap reads its own files, and so it may not need the answer of the last APDU.
	if p.recording.Layer != recording.APDU {
		p.heardTheAnswer()
	}
}

// transceive lets the product send the last command of the recording to its tag.
func (p *replay) transceive() ([]byte, error) {
	p.t.Helper()
	if !p.selected {
		p.selectTag()
	}
	if p.recording.Layer == recording.APDU {
		return p.dev.Transceive(p.command.Data, maxTapTime)
	}

	// Of the frame, what stands behind D4 and the code, and for InDataExchange behind Tg.
	wire := p.commands[len(p.commands)-1]
	payload := wire[7 : len(wire)-2]
	if wire[6] == 0x40 {
		payload = payload[1:]
	}
	return p.dev.Transceive(payload, maxTapTime)
}

// fault checks that the product takes the answer for a fault of the reader, and that the reader works when it is opened
// again.
func (p *replay) fault() {
	p.t.Helper()
	_, err := p.dev.Select(1)
	if err == nil || errors.Is(err, ErrNoTag) || errors.Is(err, ErrTagLost) {
		p.t.Errorf("got %v, want a fault of the reader", err)
	}
	p.heardTheAnswer()

	p.dev.Close()
	p.open()
	if _, err := p.dev.Select(1); !errors.Is(err, ErrNoTag) {
		p.t.Errorf("opened again: got %v, want %v", err, ErrNoTag)
	}
}
