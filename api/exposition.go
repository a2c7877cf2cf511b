// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
)

// An exposition is a list of metrics in Prometheus' text format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats).
type exposition struct{ bytes.Buffer }

const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// The kinds of metrics.
const (
	counter   = "counter"
	gauge     = "gauge"
	histogram = "histogram"
)

// family begins a family of metrics. Its samples must follow at once.
func (e *exposition) family(kind, name, help string) {
	e.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample adds a value with its labels: name, value, name, value, …
func (e *exposition) sample(name string, v float64, labels ...string) {
	var pairs []string
	for pair := range slices.Chunk(labels, 2) {
		pairs = append(pairs, pair[0]+`="`+labelEscaper.Replace(pair[1])+`"`)
	}

	if len(pairs) > 0 {
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	e.WriteString(name + " " + number(v) + "\n")
}

// one adds a family with one sample and no labels.
func (e *exposition) one(kind, name, help string, v float64) {
	e.family(kind, name, help)
	e.sample(name, v)
}

// number formats a value as the format wants it: "+Inf", and no more digits than needed.
func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// buckets adds the samples of a histogram. counts holds how many values are in each
// bucket alone; the format wants how many are at most its bound.
func (e *exposition) buckets(name string, bounds []float64, counts []uint64, sum float64) {
	var n uint64
	for i, c := range counts {
		n += c
		bound := math.Inf(1) // the last bucket has no bound
		if i < len(bounds) {
			bound = bounds[i]
		}
		e.sample(name+"_bucket", float64(n), "le", number(bound))
	}

	e.sample(name+"_sum", sum)
	e.sample(name+"_count", float64(n))
}
