// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// simulated is a reader on the bench: one line a request and one line an answer
// over a Unix socket, behind which the virtual tags are.
//
//	select          -> target ATQA SAK UID ATS | none      ("-" for no ATS)
//	transceive HEX  -> answer HEX | nak | gone
//	present         -> yes | no
type simulated struct {
	conn  net.Conn
	lines *bufio.Reader
}

// simulatedTimeout bounds one request to the bench, which answers in microseconds.
const simulatedTimeout = 2 * time.Second

func openSimulated(socket string) (Device, error) {
	conn, err := net.DialTimeout("unix", socket, simulatedTimeout)
	if err != nil {
		return nil, fmt.Errorf("simulated reader: %w; start the bench with \"tagbase-sim bench\"", err)
	}
	return &simulated{conn: conn, lines: bufio.NewReaderSize(conn, 4096)}, nil
}

func (s *simulated) ask(request string) (word, rest string, err error) {
	s.conn.SetDeadline(time.Now().Add(simulatedTimeout))
	if _, err := io.WriteString(s.conn, request+"\n"); err != nil {
		return "", "", fmt.Errorf("simulated reader: %w", err)
	}
	line, err := s.lines.ReadSlice('\n')
	if err != nil {
		return "", "", fmt.Errorf("simulated reader: %w", err)
	}
	word, rest, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return word, rest, nil
}

func (s *simulated) Select() (Target, error) {
	word, rest, err := s.ask("select")
	if err != nil {
		return Target{}, err
	}
	if word != "target" {
		return Target{}, ErrNoTag
	}
	var parts [4][]byte
	fields := strings.Fields(rest)
	for i := range min(len(fields), len(parts)) {
		if fields[i] == "-" {
			continue
		}
		if parts[i], err = hex.DecodeString(fields[i]); err != nil {
			return Target{}, fmt.Errorf("simulated reader: target %q: %w", rest, err)
		}
	}
	if len(fields) != 4 || len(parts[0]) != 2 || len(parts[1]) != 1 {
		return Target{}, fmt.Errorf("simulated reader: target %q: want ATQA SAK UID ATS", rest)
	}
	return Target{ATQA: [2]byte(parts[0]), SAK: parts[1][0], UID: parts[2], ATS: parts[3]}, nil
}

func (s *simulated) Transceive(tx []byte, _ time.Duration) ([]byte, error) {
	word, rest, err := s.ask("transceive " + hex.EncodeToString(tx))
	if err != nil {
		return nil, err
	}
	if word != "answer" {
		return nil, ErrTagLost
	}
	rx, err := hex.DecodeString(rest)
	if err != nil {
		return nil, fmt.Errorf("simulated reader: answer: %w", err)
	}
	return rx, nil
}

func (s *simulated) Present() (bool, error) {
	word, _, err := s.ask("present")
	return word == "yes", err
}

func (s *simulated) Close() error { return s.conn.Close() }
