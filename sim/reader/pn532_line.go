// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"io"
	"time"

	"github.com/tagbase/tagbase-edge/sim/internal/pace"
)

// byteTime is one byte on the line: 10 bits at 115200 baud.
const byteTime = 10 * time.Second / 115200

// trafficMax is how many dialogues and frames a Traffic keeps.
const trafficMax = 1 << 16

// errLost is bytes that came while the chip was hung, or a frame that a reset tore.
var errLost = errors.New("bytes lost")

// A line carries a host's bytes to the chip, and knows when each of them has arrived in full.
type line struct {
	chip   *PN532
	r      io.Reader
	resets int // of the chip, when it heard the last bytes
	buf    [512]byte
	rest   []byte
	at     time.Time // of the byte given last
}

func newLine(p *PN532, r io.Reader) *line { return &line{chip: p, r: r} }

// carry gives the chip frames until the line ends.
func (l *line) carry(out chan<- frame, done <-chan struct{}) error {
	in := newFrames(l)
	for {
		f, err := in.next()
		if errors.Is(err, errLost) {
			in = newFrames(l)
			continue
		}
		if err != nil {
			return err
		}
		f.at = l.at.Add(byteTime) // the postamble, which nobody waits for
		select {
		case out <- f:
		case <-done:
			return nil
		}
	}
}

// ReadByte is the next byte that the chip hears.
func (l *line) ReadByte() (byte, error) {
	if len(l.rest) == 0 {
		n, err := l.r.Read(l.buf[:])
		if n == 0 && err != nil {
			return 0, err
		}
		l.rest = l.buf[:n]
		if now := time.Now(); l.at.Before(now) {
			l.at = now
		}
		deaf, torn := l.ear()
		if deaf {
			l.rest = nil
		}
		if deaf || torn || n == 0 {
			return 0, errLost
		}
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	l.at = l.at.Add(byteTime)
	return b, nil
}

// ear tells whether the chip is hung, and whether it was reset since the last time.
func (l *line) ear() (deaf, torn bool) {
	l.chip.mu.Lock()
	defer l.chip.mu.Unlock()
	torn = l.resets != l.chip.resets
	l.resets = l.chip.resets
	return l.chip.hung(), torn
}

// send gives the host bytes, when they have passed at the pace of the line.
func (p *PN532) send(w io.Writer, data []byte) error {
	cut, clock := p.cut, time.Time{}
	if p.timing {
		p.clock = p.clock.Add(time.Duration(len(data)) * byteTime)
		clock = p.clock
	}
	p.given += len(data)
	p.mu.Unlock()
	pace.SleepUntil(clock)
	late := time.Since(clock)
	_, err := w.Write(data)
	p.mu.Lock()
	if !clock.IsZero() && len(p.traffic.Late) < trafficMax {
		p.traffic.Late = append(p.traffic.Late, late)
	}
	if err == nil && cut != p.cut {
		err = errAborted
	}
	return err
}
