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

// A panel is a plot of shares of taps over milliseconds, the latter in decades.
type panel struct {
	title  string
	curves []curve
	marks  []mark
}

type curve struct {
	name   string
	values sample
}

type mark struct {
	name string
	at   time.Duration
}

// Sizes in SVG units, and strokes that differ in print without colours.
const (
	plotWidth, plotHeight = 760, 300
	plotLeft, plotTop     = 60, 40
	plotRight, plotBottom = 190, 45
	plotFirst, plotLast   = 1.0, 3.0 // decades: 10 ms to 1 s
)

var strokes = []struct{ colour, dash string }{
	{"#000", ""}, {"#06c", "8 3"}, {"#c40", "2 3"}, {"#080", "10 3 2 3"}, {"#808", "4 4"}, {"#777", ""},
}

func (m *measurement) plot() []byte {
	at := func(chip, liveness string, trip time.Duration, who string) *result {
		if r := m.find(plan{chip, liveness, trip, true, who}); r != nil {
			return r
		}
		return new(result)
	}
	others := panel{title: fmt.Sprintf("NTAG 424 DNA, tag enters → verdict, round trip %.0f ms", milli(otherTrip))}
	reads := panel{title: "NTAG 424 DNA, tag enters → URL"}
	for _, who := range []string{stationName, plainLoopName, scriptName} {
		r := at("ntag424", "two-taps", otherTrip, who)
		others.curves = append(others.curves, curve{who, r.Verdict})
		reads.curves = append(reads.curves, curve{who, r.URL})
		if who == stationName {
			reads.marks = []mark{{"floor of the wire", r.Floor.Time}}
		}
	}
	far := panel{title: "The station, tag enters → verdict"}
	for _, c := range []struct{ chip, liveness string }{{"ntag424", "two-taps"}, {"ntag424", "one-tap"}} {
		for _, trip := range trips {
			r := at(c.chip, c.liveness, trip, stationName)
			far.curves = append(far.curves, curve{fmt.Sprintf("%s, %.0f ms", c.liveness, milli(trip)), r.Verdict})
		}
	}
	panels := []panel{reads, others, far}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight*len(panels))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", i*plotHeight)
		p.draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func plotX(d time.Duration) float64 {
	decade := math.Log10(max(milli(d), 1e-3))
	share := (min(max(decade, plotFirst), plotLast) - plotFirst) / (plotLast - plotFirst)
	return plotLeft + share*(plotWidth-plotLeft-plotRight)
}

func plotY(share float64) float64 {
	return plotTop + (1-share)*(plotHeight-plotTop-plotBottom)
}

func (p panel) draw(b *bytes.Buffer) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", plotLeft, plotTop-14, html.EscapeString(p.title))
	for _, ms := range []int{10, 20, 50, 100, 200, 500, 1000} {
		x := plotX(time.Duration(ms) * time.Millisecond)
		fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1f" stroke="#ccc"/><text x="%.1f" y="%.1f" text-anchor="middle">%d</text>`+"\n",
			x, plotY(1), plotY(0), x, plotY(0)+16, ms)
	}
	for _, share := range []float64{0, .5, .95, 1} {
		fmt.Fprintf(b, `<path d="M%d %.1fH%d" stroke="#ccc"/>`+"\n", plotLeft, plotY(share), plotWidth-plotRight)
		if share != 1 {
			fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`+"\n", plotLeft-6, plotY(share)+4, 100*share)
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">milliseconds</text>`+"\n", plotLeft+(plotWidth-plotLeft-plotRight)/2, plotHeight-10)
	for _, k := range p.marks {
		x := plotX(k.at)
		fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1f" stroke="#000" stroke-dasharray="1 2"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n",
			x, plotY(1), plotY(0), x-4, plotY(.5)-6, html.EscapeString(k.name))
	}
	for i, c := range p.curves {
		s := strokes[i%len(strokes)]
		style := fmt.Sprintf(`fill="none" stroke="%s" stroke-width="1.8" stroke-dasharray="%s"`, s.colour, s.dash)
		c.draw(b, style)
		y := plotTop + 8 + 18*i
		fmt.Fprintf(b, `<path d="M%d %dh28" %s/><text x="%d" y="%d">%s</text>`+"\n", plotWidth-plotRight+14, y, style,
			plotWidth-plotRight+48, y+4, html.EscapeString(c.name))
	}
}

// draw is a step a tap: how many took no longer.
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
