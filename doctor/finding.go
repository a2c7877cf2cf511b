// SPDX-License-Identifier: Apache-2.0

package doctor

import "github.com/tagbase/tagbase-edge/scan"

// A Result is how a check ended. Its values are what the JSON holds.
type Result string

const (
	OK      Result = "ok"      // nothing to repair
	Wrong   Result = "wrong"   // to be repaired: Finding.Mend says how
	Skipped Result = "skipped" // does not apply here, or could not be looked at
)

// A Finding is one thing that was looked at. Its JSON is what `doctor --json` prints.
type Finding struct {
	Check  string `json:"check"` // the check's name, as in the package comment
	Result Result `json:"status"`
	Found  string `json:"found"` // one line, for a person

	// Mend is what to run or to write, a line each, in that order. Only a Wrong one has it.
	Mend []string `json:"mend,omitempty"`

	// Better is what would improve the station, though nothing is wrong.
	Better []string `json:"better,omitempty"`

	// Code is what the amber lamp blinks for this.
	Code scan.ServiceCode `json:"service_code,omitempty"`
}

// Healthy tells whether nothing is wrong.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.Result == Wrong {
			return false
		}
	}
	return true
}

func fine(check, found string) Finding { return Finding{Check: check, Result: OK, Found: found} }

func skipped(check, why string) Finding { return Finding{Check: check, Result: Skipped, Found: why} }

func wrong(check, found string, mend ...string) Finding {
	return Finding{Check: check, Result: Wrong, Found: found, Mend: mend}
}

func (f Finding) coded(code scan.ServiceCode) Finding {
	f.Code = code
	return f
}

// eachSkipped returns one skipped finding for every check, all for the same reason.
func eachSkipped(checks []string, why string) (found []Finding) {
	for _, check := range checks {
		found = append(found, skipped(check, why))
	}
	return found
}
