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

// simulated is a reader on the bench, where virtual tags are: one line for a request and one for
// its answer, over a Unix socket.
//
//	select          -> target ATQA SAK UID ATS | none      ("-" for no ATS)
//	transceive HEX  -> answer HEX | nak | gone
//	present         -> yes | no
//	deselect        -> ok
//	rf off          -> ok                          until the next select
type simulated struct {
	conn  net.Conn
	lines *bufio.Reader
}

// simulatedTimeout is for one request to the bench, which answers in microseconds.
const simulatedTimeout = 2 * time.Second

func openSimulated(socket string) (Device, error) {
	conn, err := net.DialTimeout("unix", socket, simulatedTimeout)
	if err != nil {
		return nil, fmt.Errorf("simulated reader: %w; start the bench with \"tagbase-sim bench\"", err)
	}
	return &simulated{conn: conn, lines: bufio.NewReaderSize(conn, 4096)}, nil
}

// ask sends one request and reads its answer. After an error the bench counts as hung: an answer that
// came late would be taken for that to the next request.
func (s *simulated) ask(request string) (word, rest string, err error) {
	s.conn.SetDeadline(time.Now().Add(simulatedTimeout))
	if _, err := io.WriteString(s.conn, request+"\n"); err != nil {
		return "", "", fmt.Errorf("simulated reader: %w: %w", errHung, err)
	}

	line, err := s.lines.ReadSlice('\n')
	if err != nil {
		return "", "", fmt.Errorf("simulated reader: %w: %w", errHung, err)
	}
	word, rest, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return word, rest, nil
}

// Select looks once: the bench answers at once, so that a caller can as well ask again.
func (s *simulated) Select(int) (Target, error) {
	word, rest, err := s.ask("select")
	switch {
	case err != nil:
		return Target{}, err
	case word == "target":
		return parseTarget(rest)
	case word == "none":
		return Target{}, ErrNoTag
	}
	return Target{}, nonsense(word, rest)
}

func parseTarget(text string) (Target, error) {
	var parts [4][]byte
	fields := strings.Fields(text)
	if len(fields) != len(parts) {
		return Target{}, nonsense("target", text)
	}

	for i, field := range fields {
		var err error
		if parts[i], err = hex.DecodeString(strings.TrimPrefix(field, "-")); err != nil {
			return Target{}, nonsense("target", text)
		}
	}

	atqa, sak, uid, ats := parts[0], parts[1], parts[2], parts[3]
	if len(atqa) != 2 || len(sak) != 1 || len(uid) != 4 && len(uid) != 7 && len(uid) != 10 {
		return Target{}, nonsense("target", text)
	}
	return Target{ATQA: [2]byte(atqa), SAK: sak[0], UID: uid, ATS: ats}, nil
}

func (s *simulated) Transceive(tx []byte, _ time.Duration) ([]byte, error) {
	word, rest, err := s.ask("transceive " + hex.EncodeToString(tx))
	switch {
	case err != nil:
		return nil, err
	case word == "nak", word == "gone":
		return nil, ErrTagLost
	}

	rx, err := hex.DecodeString(rest)
	if word != "answer" || err != nil {
		return nil, nonsense(word, rest)
	}
	return rx, nil
}

func (s *simulated) Present() (bool, error) {
	word, rest, err := s.ask("present")
	if err == nil && word != "yes" && word != "no" {
		err = nonsense(word, rest)
	}
	return word == "yes", err
}

func (s *simulated) Deselect() error { return s.do("deselect") }

func (s *simulated) Cycle() error {
	err := s.do("rf off")
	time.Sleep(fieldOff + fieldOn)
	return err
}

func (s *simulated) do(request string) error {
	word, rest, err := s.ask(request)
	if err == nil && word != "ok" {
		return nonsense(word, rest)
	}
	return err
}

func nonsense(word, rest string) error {
	return fmt.Errorf("simulated reader: the bench said %q", word+" "+rest)
}

func (s *simulated) Close() error { return s.conn.Close() }
