// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// measured is a measurement of all series whose NTAG 223 DNA misses its aim by
// 1 ms, and that aim.
func measured() (m *measurement, limit time.Duration) {
	m = &measurement{taps: 2}
	limit = time.Duration(aimFloors*40e6) + aimHalfPoll
	for _, p := range allPlans() {
		url := sample{60e6, 70e6}
		if p.Chip == "ntag223" {
			url = sample{limit + 1e6, limit + 2e6}
		}
		m.results = append(m.results, &seriesResult{
			Plan: p, Taps: 2, URL: url, Verdict: sample{90e6, 95e6}, Floor: simreader.MinRead{Time: 40e6},
		})
	}
	return m, limit
}

func TestReportReplacesItsBlocksAndNothingElse(t *testing.T) {
	m, limit := measured()
	dir := t.TempDir()
	file := filepath.Join(dir, documentFile)
	old := "\nold\n" + blockEnd
	document := "a\n" + summaryBegin + old + "\nby hand\n" + figuresBegin + old + "\nz\n"
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}

	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if !strings.HasPrefix(got, "a\n") || !strings.HasSuffix(got, "\nz\n") || strings.Contains(got, "old") {
		t.Errorf("the document is now\n%s", got)
	}

	plot, err := os.ReadFile(filepath.Join(dir, plotFile))
	if err != nil || string(plot) != string(m.plot()) {
		t.Errorf("%v, the plot is %d bytes", err, len(plot))
	}

	first, tables, ok := strings.Cut(got, "\nby hand\n")
	if !ok {
		t.Fatalf("what stood between the blocks is gone:\n%s", got)
	}
	for _, want := range []string{
		"TAPS=2",
		"| tag enters → URL read | 60 / 70 / 70 |",
		fmt.Sprintf("%.1f ms. Measured: %.1f ms.\n", milliseconds(limit), milliseconds(limit)+1),
	} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is missing in the summary\n%s", want, first)
		}
	}
	for _, want := range []string{
		"| plain loop |",
		"60 / 70 / 70",
		fmt.Sprintf("%.1f ms | 60.0 ms | yes |", milliseconds(limit)),
		fmt.Sprintf("%.1f ms | %.1f ms | **no** |", milliseconds(limit), milliseconds(limit)+1),
	} {
		if !strings.Contains(tables, want) {
			t.Errorf("%q is missing in the figures\n%s", want, tables)
		}
	}
}

func TestReportIsNotWrittenWithoutAPlaceForIt(t *testing.T) {
	m, _ := measured()
	dir := t.TempDir()
	if err := m.write(dir); err == nil {
		t.Error("written without a document")
	}

	for name, document := range map[string]string{
		"no block":          "no place",
		"no summary block":  figuresBegin + blockEnd,
		"no figures block":  summaryBegin + blockEnd,
		"block without end": summaryBegin + blockEnd + figuresBegin,
	} {
		file := filepath.Join(dir, documentFile)
		if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := m.write(dir); err == nil {
			t.Errorf("%s: written all the same", name)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != document {
			t.Errorf("%s: the document is now %q, %v", name, got, err)
		}
	}
}

func TestPlotIsXML(t *testing.T) {
	m, _ := measured()
	for d := xml.NewDecoder(strings.NewReader(string(m.plot()))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
