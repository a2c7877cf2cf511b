// SPDX-License-Identifier: Apache-2.0

package scan

// A Submission is what a station posts for one scan.
type Submission struct {
	Tag     string            // the platform's id of the tag, tag_…
	Params  map[string]string // the tap URL's query, decoded once, otherwise unchanged
	Session string            // the session that this scan continues, ses_…, or "" to open one
}
