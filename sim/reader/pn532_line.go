// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"io"
	"time"

	"github.com/tagbase/tagbase-edge/sim/internal/pace"
)

// byteTime is one byte on the line: 10 bits (8 data bits, start and stop) at 115200 baud.
const byteTime = 10 * time.Second / 115200

// trafficMax is how many dialogues and frames a Traffic keeps, so that a bench left alone does not fill the memory.
const trafficMax = 1 << 16

// errLost means that the chip did not hear some bytes: it was hung, or a reset tore the frame.
var errLost = errors.New("bytes lost")

// A hostLine carries a host's bytes to the chip, and knows when each of them has arrived in full.
type hostLine struct {
	chip   *PN532
	r      io.Reader
	resets int // how many resets the chip had seen when it heard the last bytes
	buf    [512]byte
	rest   []byte    // of buf: read, but not yet given to the chip
	at     time.Time // when the byte given last had arrived
}

func newHostLine(p *PN532, r io.Reader) *hostLine { return &hostLine{chip: p, r: r} }

// carry gives the chip frames until the line ends, or Serve closes done.
func (l *hostLine) carry(out chan<- frame, done <-chan struct{}) error {
	in := newFrameScanner(l)
	for {
		f, err := in.next()
		if errors.Is(err, errLost) {
			in = newFrameScanner(l) // half a frame from before does not go on
			continue
		}
		if err != nil {
			return err
		}

		f.at = l.at.Add(byteTime) // the postamble, for which the scanner does not wait
		select {
		case out <- f:
		case <-done:
			return nil
		}
	}
}

// ReadByte returns the next byte that the chip hears, or errLost.
func (l *hostLine) ReadByte() (byte, error) {
	if len(l.rest) == 0 {
		n, err := l.r.Read(l.buf[:])
		if n == 0 && err != nil {
			return 0, err
		}
		l.rest = l.buf[:n]

		// Bytes that come while the line is still busy with earlier ones queue behind them.
		if now := time.Now(); l.at.Before(now) {
			l.at = now
		}

		deaf, torn := l.hearing()
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

// hearing reports whether the chip is hung, and whether it was reset since the last call.
func (l *hostLine) hearing() (deaf, torn bool) {
	l.chip.mu.Lock()
	defer l.chip.mu.Unlock()
	torn = l.resets != l.chip.resets
	l.resets = l.chip.resets
	return l.chip.hung(), torn
}

// send gives bytes to the host once they have passed at the pace of the line. It is called with p.mu held and gives it
// up while it waits and writes, so that a reset or a fault can come meanwhile; after a reset it returns errAborted.
func (p *PN532) send(w io.Writer, data []byte) error {
	cut, due := p.cut, time.Time{}
	if p.timing {
		p.clock = p.clock.Add(time.Duration(len(data)) * byteTime)
		due = p.clock
	}
	p.given += len(data)

	p.mu.Unlock()
	pace.SleepUntil(due)
	late := time.Since(due)
	_, err := w.Write(data)
	p.mu.Lock()

	if !due.IsZero() && len(p.traffic.Late) < trafficMax {
		p.traffic.Late = append(p.traffic.Late, late)
	}
	if err == nil && cut != p.cut {
		err = errAborted
	}
	return err
}
