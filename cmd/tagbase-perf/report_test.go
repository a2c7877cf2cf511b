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
	old := "\nold\n" + blockEnd + "\nz\n"
	dir := documents(t, map[string]string{
		summaryFile:    "a\n" + summaryBegin + old,
		laboratoryFile: "a\n" + figuresBegin + old,
	})
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}

	summary, figures := read(t, dir, summaryFile), read(t, dir, laboratoryFile)
	for _, got := range []string{summary, figures} {
		if !strings.HasPrefix(got, "a\n") || !strings.HasSuffix(got, "\nz\n") || strings.Contains(got, "old") {
			t.Errorf("the document is now\n%s", got)
		}
	}

	plot, err := os.ReadFile(filepath.Join(dir, plotFile))
	if err != nil || string(plot) != string(m.plot()) {
		t.Errorf("%v, the plot is %d bytes", err, len(plot))
	}

	for _, want := range []string{
		"TAPS=2",
		"| tag enters → URL read | 60 / 70 / 70 |",
		fmt.Sprintf("%.1f ms. Measured: %.1f ms.\n", milliseconds(limit), milliseconds(limit)+1),
	} {
		if !strings.Contains(summary, want) {
			t.Errorf("%q is missing in the summary\n%s", want, summary)
		}
	}

	for _, want := range []string{
		"| plain loop |",
		"60 / 70 / 70",
		fmt.Sprintf("%.1f ms | 60.0 ms | yes |", milliseconds(limit)),
		fmt.Sprintf("%.1f ms | %.1f ms | **no** |", milliseconds(limit), milliseconds(limit)+1),
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("%q is missing in the figures\n%s", want, figures)
		}
	}
}

func TestReportIsNotWrittenWithoutAPlaceForIt(t *testing.T) {
	m, _ := measured()
	const summary, figures = summaryBegin + blockEnd, figuresBegin + blockEnd

	for name, before := range map[string]map[string]string{
		"no document":               {},
		"no summary":                {laboratoryFile: figures},
		"no laboratory":             {summaryFile: summary},
		"no block":                  {summaryFile: "no place", laboratoryFile: "no place"},
		"no summary block":          {summaryFile: figures, laboratoryFile: figures},
		"no figures block":          {summaryFile: summary, laboratoryFile: summary},
		"summary block without end": {summaryFile: summaryBegin, laboratoryFile: figures},
		"figures block without end": {summaryFile: summary, laboratoryFile: figuresBegin},
	} {
		dir := documents(t, before)
		if err := m.write(dir); err == nil {
			t.Errorf("%s: written all the same", name)
		}

		for file, want := range before {
			if got := read(t, dir, file); got != want {
				t.Errorf("%s: %s is now %q", name, file, got)
			}
		}

		if files, err := os.ReadDir(dir); err != nil || len(files) != len(before) {
			t.Errorf("%s: the directory now holds %v, %v", name, files, err)
		}
	}
}

// A full measurement takes an hour: its figures must find their place.
func TestProjectsDocumentsHaveAPlaceForTheReport(t *testing.T) {
	m, _ := measured()
	docs := filepath.Join("..", "..", "docs")
	dir := documents(t, map[string]string{
		summaryFile:    read(t, docs, summaryFile),
		laboratoryFile: read(t, docs, laboratoryFile),
	})
	if err := m.write(dir); err != nil {
		t.Error(err)
	}
}

// documents returns a directory that holds these files.
func documents(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()

	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return dir
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
