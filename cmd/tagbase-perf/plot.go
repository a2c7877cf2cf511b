// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"time"
)

// A panel is one of the plots: the share of taps that took no longer than so many
// milliseconds. The time axis is logarithmic.
type panel struct {
	title  string
	curves []curve
	marks  []mark
}

// A curve is one series in a panel.
type curve struct {
	name   string
	values sample
}

// A mark is a vertical line in a panel.
type mark struct {
	name string
	at   time.Duration
}

// Sizes in SVG units. Left, top, right and bottom are the margins.
const (
	plotWidth, plotHeight = 760, 300
	plotLeft, plotTop     = 60, 40
	plotRight, plotBottom = 190, 45
	plotFirst, plotLast   = 1.0, 3.0 // powers of ten: 10 ms to 1 s
)

// strokes differ in print without colours, too.
var strokes = []struct{ colour, dash string }{
	{"#000", ""}, {"#06c", "8 3"}, {"#c40", "2 3"}, {"#080", "10 3 2 3"}, {"#808", "4 4"}, {"#777", ""},
}

// plot draws the panels one below the other, as SVG.
func (m *measurement) plot() []byte {
	panels := m.panels()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `, plotWidth, plotHeight*len(panels))
	fmt.Fprintf(&b, `font-family="sans-serif" font-size="12">`+"\n")

	// White, since a browser in dark mode would show black curves on black.
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", i*plotHeight)
		p.draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// panels are the station beside the alternatives, to the URL and to the verdict,
// and the station on lines of different length.
func (m *measurement) panels() []panel {
	// A series that was not measured leaves its curve empty.
	series := func(liveness string, trip time.Duration, who string) *seriesResult {
		if r := m.find(seriesPlan{"ntag424", liveness, trip, true, who}); r != nil {
			return r
		}
		return new(seriesResult)
	}

	reads := panel{title: "NTAG 424 DNA, tag enters → URL"}
	verdicts := panel{title: fmt.Sprintf("NTAG 424 DNA, tag enters → verdict, round trip %.0f ms",
		milliseconds(alternativesTrip))}
	for _, who := range []string{stationName, plainLoopName, scriptName} {
		r := series("two-taps", alternativesTrip, who)
		reads.curves = append(reads.curves, curve{who, r.URL})
		verdicts.curves = append(verdicts.curves, curve{who, r.Verdict})
		if who == stationName {
			reads.marks = []mark{{"floor of the wire", r.Floor.Time}}
		}
	}

	lines := panel{title: "The station, tag enters → verdict"}
	for _, liveness := range []string{"two-taps", "one-tap"} {
		for _, trip := range trips {
			r := series(liveness, trip, stationName)
			name := fmt.Sprintf("%s, %.0f ms", liveness, milliseconds(trip))
			lines.curves = append(lines.curves, curve{name, r.Verdict})
		}
	}
	return []panel{reads, verdicts, lines}
}

// plotX is where a time stands, clipped to the panel.
func plotX(d time.Duration) float64 {
	// 1 µs stands for anything shorter: there is no logarithm of zero.
	decade := math.Log10(max(milliseconds(d), 1e-3))
	share := (min(max(decade, plotFirst), plotLast) - plotFirst) / (plotLast - plotFirst)
	return plotLeft + share*(plotWidth-plotLeft-plotRight)
}

// plotY is where a share of the taps stands, from 0 at the bottom to 1.
func plotY(share float64) float64 {
	return plotTop + (1-share)*(plotHeight-plotTop-plotBottom)
}

func (p panel) draw(b *bytes.Buffer) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n",
		plotLeft, plotTop-14, html.EscapeString(p.title))
	p.drawAxes(b)

	for _, k := range p.marks {
		x := plotX(k.at)
		fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1f" stroke="#000" stroke-dasharray="1 2"/>`, x, plotY(1), plotY(0))
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n",
			x-4, plotY(.5)-6, html.EscapeString(k.name))
	}

	// Each curve, and a piece of it beside its name on the right.
	for i, c := range p.curves {
		s := strokes[i%len(strokes)]
		style := fmt.Sprintf(`fill="none" stroke="%s" stroke-width="1.8" stroke-dasharray="%s"`, s.colour, s.dash)
		c.draw(b, style)
		x, y := plotWidth-plotRight+14, plotTop+8+18*i
		fmt.Fprintf(b, `<path d="M%d %dh28" %s/><text x="%d" y="%d">%s</text>`+"\n",
			x, y, style, x+34, y+4, html.EscapeString(c.name))
	}
}

// drawAxes draws the grid with its numbers.
func (p panel) drawAxes(b *bytes.Buffer) {
	for _, ms := range []int{10, 20, 50, 100, 200, 500, 1000} {
		x := plotX(time.Duration(ms) * time.Millisecond)
		fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1f" stroke="#ccc"/>`, x, plotY(1), plotY(0))
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%d</text>`+"\n", x, plotY(0)+16, ms)
	}

	// The line at the top has no number: it would touch the title.
	for _, share := range []float64{0, .5, .95, 1} {
		fmt.Fprintf(b, `<path d="M%d %.1fH%d" stroke="#ccc"/>`+"\n", plotLeft, plotY(share), plotWidth-plotRight)
		if share != 1 {
			fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`+"\n",
				plotLeft-6, plotY(share)+4, 100*share)
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">milliseconds</text>`+"\n",
		plotLeft+(plotWidth-plotLeft-plotRight)/2, plotHeight-10)
}

// draw goes up one step at the time of each tap.
func (c curve) draw(b *bytes.Buffer, style string) {
	if len(c.values) == 0 {
		return
	}

	sorted := slices.Sorted(slices.Values(c.values))
	fmt.Fprintf(b, `<path d="M%.1f %.1f`, plotX(sorted[0]), plotY(0))
	for i, d := range sorted {
		fmt.Fprintf(b, "H%.1fV%.1f", plotX(d), plotY(float64(i+1)/float64(len(sorted))))
	}
	fmt.Fprintf(b, `" %s/>`+"\n", style)
}
