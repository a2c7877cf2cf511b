// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// benchThatSays opens a bench that gives the same answer to every request.
func benchThatSays(t *testing.T, answer string) Device {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		asked := bufio.NewScanner(conn)

		for asked.Scan() && answer != "" {
			conn.Write([]byte(answer))
		}
	}()

	dev, err := Open(simulatedPrefix + path)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { dev.Close() })
	return dev
}

// An answer that makes no sense is a fault of the reader, and not a tag that has gone.
func TestSimulatedReaderTakesNonsenseForAFault(t *testing.T) {
	fault := errors.New("any other")
	tests := []struct {
		name, answer                string
		selected, heard, presentErr error
	}{
		{"nothing there", "none\n", ErrNoTag, fault, fault},
		{"a NAK", "nak\n", fault, ErrTagLost, fault},
		{"gone", "gone\n", fault, ErrTagLost, fault},
		{"a tag", "target 0344 20 04de5f1eacc040 7777710280\n", nil, fault, fault},
		{"an answer", "answer 9000\n", fault, nil, fault},
		{"an empty answer", "answer \n", fault, nil, fault},
		{"yes", "yes\n", fault, fault, nil},
		{"no", "no\n", fault, fault, nil},
		{"an error", "error: no request\n", fault, fault, fault},
		{"no line", "", fault, fault, fault},
		{"an empty line", "\n", fault, fault, fault},
		{"an endless line", strings.Repeat("x", 10_000), fault, fault, fault},
		{"not hex", "answer 9z\n", fault, fault, fault},
		{"an ATQA of one byte", "target 03 20 04de5f1eacc040 -\n", fault, fault, fault},
		{"no SAK", "target 0344 - 04de5f1eacc040 -\n", fault, fault, fault},
		{"no UID", "target 0344 20 - -\n", fault, fault, fault},
		{"a UID of five bytes", "target 0344 20 0102030405 -\n", fault, fault, fault},
		{"no ATS", "target 0344 20 04de5f1eacc040\n", fault, fault, fault},
		{"one field more", "target 0344 20 04de5f1eacc040 - -\n", fault, fault, fault},
		{"a target that is not hex", "target 0344 20 04xx -\n", fault, fault, fault},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(doing string, got, want error) {
				t.Helper()
				tags := errors.Is(got, ErrNoTag) || errors.Is(got, ErrTagLost)
				if want == fault && (got == nil || tags) || want != fault && !errors.Is(got, want) {
					t.Errorf("%s: got %v, want %v", doing, got, want)
				}
			}

			_, err := benchThatSays(t, tt.answer).Select(1)
			check("select", err, tt.selected)
			_, err = benchThatSays(t, tt.answer).Transceive([]byte{cmdRead, 3}, maxTapTime)
			check("transceive", err, tt.heard)
			present, err := benchThatSays(t, tt.answer).Present()
			check("present", err, tt.presentErr)
			if present != (tt.answer == "yes\n") {
				t.Errorf("present: got %v", present)
			}
		})
	}
}
