// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// host is the other end of a PN532's line.
type host struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// newHost connects a host to a PN532 that has its power and is awake.
func newHost(t *testing.T, f *antenna.Field) (*host, *PN532) {
	t.Helper()
	h, p := newSleeper(t, f)
	h.write("55550000000000")
	return h, p
}

// newSleeper connects a host to a PN532 that has its power and still sleeps.
func newSleeper(t *testing.T, f *antenna.Field) (*host, *PN532) {
	t.Helper()
	ours, theirs := net.Pipe()
	p := NewPN532(f)
	served := make(chan error)
	go func() { served <- p.Serve(theirs) }()
	t.Cleanup(func() {
		ours.Close()
		if err := await.Value(t, "the end of the serving", served); err != nil {
			t.Error(err)
		}
	})

	return &host{t, ours, bufio.NewReader(ours)}, p
}

func (h *host) write(wire string) {
	h.t.Helper()
	data, err := hex.DecodeString(wire)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.conn.Write(data); err != nil {
		h.t.Fatal(err)
	}
}

// expect reads bytes of the wire.
func (h *host) expect(want string) {
	h.t.Helper()
	got := make([]byte, len(want)/2)
	if _, err := io.ReadFull(h.in, got); err != nil {
		h.t.Fatal(err)
	}
	if got := hex.EncodeToString(got); got != want {
		h.t.Fatalf("on the wire: got %s, want %s", got, want)
	}
}

// start sends a command and takes the ACK.
func (h *host) start(command string) {
	h.t.Helper()
	data, err := hex.DecodeString("d4" + command)
	if err != nil {
		h.t.Fatal(err)
	}

	h.write(hex.EncodeToString(encodeFrame(data)))
	h.expect(hex.EncodeToString(ackFrame))
}

// answer reads an information frame and returns what stands behind D5.
func (h *host) answer() string {
	h.t.Helper()
	f, err := newFrameScanner(h.in).next()
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.in.Discard(1); err != nil { // postamble
		h.t.Fatal(err)
	}
	if bytes.Equal(f.data, []byte{0x7F}) {
		return "syntax error"
	}
	if len(f.data) < 2 || f.data[0] != tfiPN532 {
		h.t.Fatalf("got a frame of %x, want an answer", f.data)
	}

	return hex.EncodeToString(f.data[1:])
}

// ask sends a command and returns what stands behind D5 in the answer.
func (h *host) ask(command string) string {
	h.t.Helper()
	h.start(command)
	return h.answer()
}

// Commands, and the answers to listA if nothing or one of the chips lies there.
const (
	listA      = "4a0100"
	finite     = "3205000102" // MaxRetries as libnfc sets it for InfiniteSelect false
	listed424  = "4b01010344200704de5f1eacc040067777710280"
	listed213  = "4b01010044000704b1a94b000003"
	listedNone = "4b00"
)

func TestPN532AnswersOnTheWire(t *testing.T) {
	h, p := newHost(t, antenna.NewField())
	h.write("0000ff02fed4022a00") // GetFirmwareVersion
	h.expect("0000ff00ff00" + "0000ff06fad50332010607e800")
	h.write("0000ffff0000") // NACK: once more
	h.expect("0000ff06fad50332010607e800")
	h.write("0000ff02fed4022b00" + "0000ff00ff00") // bad DCS, then an ACK: silence
	h.write("0000ff02fed5022900")                  // TFI of an answer
	h.expect("0000ff00ff00" + "0000ff01ff7f8100")
	if got, want := p.Commands(), 2; got != want {
		t.Errorf("got %d commands, want %d", got, want)
	}
}

func TestPN532SleepsUntilWoken(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank())
	h, p := newSleeper(t, f)
	h.write("0000ff02fed4042800") // GetGeneralStatus: not heard
	h.write("5555000000")
	h.ask(listA)
	if got, want := h.ask("16f0"), "1700"; got != want {
		t.Errorf("PowerDown: got %s, want %s", got, want)
	}
	if f.Present() {
		t.Error("the field is on in power down")
	}

	before := p.Commands()
	h.write("0000ff02fed4042800") // GetGeneralStatus: not heard
	h.write("5555000000" + "0000ff02fed4022a00")
	h.expect("0000ff00ff00" + "0000ff06fad50332010607e800")
	if got, want := p.Commands(), before+1; got != want {
		t.Errorf("got %d commands, want %d", got, want)
	}
}

// An exchange is a command and its answer, in hex, without D4 and D5. The first byte of the command is its code
// (UM0701-02 section 7), the first of the answer is one more:
//
//	00 Diagnose            14 SAMConfiguration    44 InDeselect             52 InRelease
//	02 GetFirmwareVersion  16 PowerDown           46 InJumpForPSL           54 InSelect
//	04 GetGeneralStatus    32 RFConfiguration     4A InListPassiveTarget    56 InJumpForDEP
//	06 ReadRegister        40 InDataExchange      4E InPSL                  60 InAutoPoll
//	08 WriteRegister       42 InCommunicateThru   50 InATR
//	12 SetParameters
type exchange struct{ command, want string }

func TestPN532AnswersCommands(t *testing.T) {
	genuine424 := func() chip.Chip { return chip.NewNTAG424(test424, key1, key2, url424) }
	tests := []struct {
		name   string
		chip   func() chip.Chip
		script []exchange
	}{
		{"diagnose", nil, []exchange{
			{"00006c69626e6663", "01006c69626e6663"}, {"0001", "0100"}, {"0006", "0101"}, {"0099", "syntax error"},
		}},
		{"unknown and short", nil, []exchange{{"ee", "syntax error"}, {"4a01", "syntax error"}, {"", "syntax error"}}},
		{"registers", nil, []exchange{
			{"0663026303", "078080"}, {"08633d07630d10", "09"}, {"06633d630d633e", "07071000"}, {"08633a80", "09"},
			{"06633a", "0700"},
		}},
		{"settings", nil, []exchange{
			{"1214", "13"}, {"1401", "15"}, {"320100", "33"}, {finite, "33"}, {"04", "0500000000"},
		}},
		{"nothing there", nil, []exchange{
			{finite, "33"}, {listA, listedNone}, {"4a0101", listedNone}, {"600101", "syntax error"},
			{"60000110", "6100"},
			{"400130", "4127"}, {"42", "4301"}, {"4e010202", "4f27"}, {"5401", "5527"}, {"560000" + "00", "5701"},
			{"5000" + "00", "5127"},
			{"4400", "4500"}, {"5200", "5300"},
		}},
		{"Type 4", genuine424, []exchange{
			{listA, listed424}, {"04", "05000001010000" + "1000"}, {"0006", "0100"},
			{"4001" + selectApp, "41009000"}, {"4002" + selectApp, "4127"}, {"4e010202", "4f00"},
			{"5001" + "00", "5101"},
			{"42b2", "4300" + "029000"}, {"4401", "4500"}, {"4001" + selectNDEF, "4101"},
			{"5401", "5500"}, {"4001" + selectNDEF, "41006a82"},
			{"320100", "33"}, {"4001" + selectApp, "4101"}, {"320101", "33"}, {"4001" + selectApp, "4101"},
			{"42b2", "4301"},
		}},
		{"Type 4 without RATS", genuine424, []exchange{
			{"1204", "13"}, {listA, "4b01010344200704de5f1eacc040"}, {"4001" + selectApp, "4127"},
			{"42e050", "4300067777710280"}, {"42b2", "4300a3"},
		}},
		{"by UID", genuine424, []exchange{
			{finite, "33"}, {listA + "8804de5f1eacc041", listedNone}, {listA + "deadbeef", listedNone},
			{listA + "8804de5f1eacc040", listed424},
		}},
		{"poll Type 4", genuine424, []exchange{
			{"60ff0111222010", "61012012" + listed424[4:]}, {"320100", "33"},
			{"60ff0110", "6101100c" + "010344200704de5f1eacc040"},
			{"60ff0100", "61012012" + listed424[4:]},
		}},
		{"Type 2", chip.NewBlank, []exchange{
			{listA, listed213}, {"40013003", "4100e11012000103a00c340300fe00000000"},
			{"40013a0003", "syntax error"}, {"4001302d", "4113"}, {"40013003", "4101"}, {"54" + "01", "5500"},
			{"4001a20400000000", "4113"},
			{listA, listed213}, {"40016000" + "000000000000" + "04b1a94b", "4114"}, {"40013003", "4101"},
		}},
		{"poll Type 2", chip.NewBlank, []exchange{
			{"60ff012010", "6101100c" + listed213[4:]}, {"60ff0100", "6101100c" + listed213[4:]},
		}},
		{"Type 2 through", chip.NewBlank, []exchange{
			{listA, listed213}, {"4260", "43000004040201000f03"},
			{"423a030f", "4300e1101200" + "0103a00c340300fe" + zeros(40)},
			{"423a0312", "4309"}, {"423a00ff", "4302"}, {"4260", "4301"},
		}},
		{"Type 2 raw", chip.NewBlank, []exchange{
			{listA, listed213}, {"086302006303" + "00", "09"}, {"4260f832", "43000004040201000f03" + "8091"},
			{"4260", "4301"},
			{"42ff" + "0000", "4301"},
		}},
		{"another parity", chip.NewBlank, []exchange{{listA, listed213}, {"08630d10", "09"}, {"4260", "4301"}}},
		{"type B", chip.NewBlank, []exchange{
			{listA, listed213}, {"08630283630383", "09"}, {"4260", "4301"}, {listA, listed213},
			{"4260", "43000004040201000f03"},
		}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			if tt.chip != nil {
				f.Put(tt.chip())
			}

			h, _ := newHost(t, f)
			for i, e := range tt.script {
				if got := h.ask(e.command); got != e.want {
					t.Errorf("%d, %s: got %s, want %s", i, e.command, got, e.want)
				}
			}
		})
	}
}

func zeros(n int) string { return hex.EncodeToString(make([]byte, n)) }

func TestPN532WaitsForATag(t *testing.T) {
	const version, autoPoll = "0332010607", "60ff0110"
	tests := []struct {
		name    string
		command string
		then    func(*antenna.Field, *host)
		want    string // the next answer
	}{
		{"tag", listA, func(f *antenna.Field, _ *host) { f.Put(chip.NewBlank()) }, listed213},
		{
			"tag, polled", autoPoll, func(f *antenna.Field, _ *host) { f.Put(chip.NewBlank()) },
			"6101100c" + listed213[4:],
		},
		{"abort", listA, func(_ *antenna.Field, h *host) { h.write("0000ff00ff00"); h.start("02") }, version},
		{"abort a poll", autoPoll, func(_ *antenna.Field, h *host) { h.write("0000ff00ff00"); h.start("02") }, version},
		{
			"abort another modulation", "4a0101",
			func(f *antenna.Field, h *host) { f.Put(chip.NewBlank()); h.start("02") }, version,
		},
		{"next command", listA, func(_ *antenna.Field, h *host) { h.start("02") }, version},
		{"no peer", "56000100", func(_ *antenna.Field, h *host) { h.start("02") }, version},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			h, _ := newHost(t, f)
			h.start(tt.command)
			tt.then(f, h)
			if got := h.answer(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// The line may break while the chip waits for a tag.
func TestPN532EndsWithTheLineWhileItWaits(t *testing.T) {
	h, _ := newHost(t, antenna.NewField())
	h.start(listA)
	h.conn.Close() // Serve must end: the cleanup waits for it
}
