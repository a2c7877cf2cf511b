// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// reportOf makes all checks with a tag one and a tag two, and returns the report as it is written.
func reportOf(t *testing.T, r *virtualReader, one, two chip.Chip) string {
	t.Helper()
	key := newSecretKey()
	report := newReport(r.device)
	for i, s := range steps {
		r.lay(s.tags, one, two)
		report.Checks[i], _ = r.make(t, s, key)
	}

	b, err := report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// No four bytes in a row of a UID and no eight of a URL are in the report: not in clear, and not in hexadecimal. (Fewer
// meet by chance: a proof is digits, and so are times.)
func TestReportHoldsNoSecret(t *testing.T) {
	t.Parallel()
	onEachReader(t, func(t *testing.T, r *virtualReader) {
		var mu sync.Mutex
		var shown [][]byte // random UIDs
		random := new424()
		random.RandomID = true
		spied := showing(random, func(t *chip.Target) {
			mu.Lock()
			defer mu.Unlock()
			shown = append(shown, bytes.Clone(t.UID))
		})
		fixed, two := new424(), chip.NewNTAG223(uid223, key1, url223)

		report := strings.ToLower(reportOf(t, r, fixed, two) + reportOf(t, r, spied, two))
		mu.Lock()
		defer mu.Unlock()
		for _, uid := range append(shown, uid424[:], uid223[:]) {
			wantNoPart(t, report, uid, 4)
		}
		urls := slices.Concat(fixed.Issued(), random.Issued(), two.Issued())
		for _, url := range urls {
			wantNoPart(t, report, chip.URIMessage(url), 8)
		}
		if len(shown) == 0 || len(urls) < 20 {
			t.Errorf("only %d random UIDs and %d URLs", len(shown), len(urls))
		}
	})
}

// wantNoPart looks for every n bytes in a row of a secret.
func wantNoPart(t *testing.T, report string, secret []byte, n int) {
	t.Helper()
	for at := 0; at+n <= len(secret); at++ {
		part := secret[at : at+n]
		inHex, inClear := hex.EncodeToString(part), strings.ToLower(string(part))
		if strings.Contains(report, inHex) || strings.Contains(report, inClear) {
			t.Fatalf("the report holds %x (%q) of %x", part, part, secret)
		}
	}
}

// What is hidden can be compared within a report, and not with another one.
func TestMarksAreEqualWithinOneReport(t *testing.T) {
	t.Parallel()
	r := simulatedReader(t)
	uids := regexp.MustCompile(`UID 04[.][.] <7 bytes #[0-9a-f]{8}>`)
	distinct := func(report string) map[string]bool {
		found := make(map[string]bool)
		for _, uid := range uids.FindAllString(report, -1) {
			found[uid] = true
		}
		return found
	}

	first, second := distinct(reportOf(t, r, new424(), tagTwo())), distinct(reportOf(t, r, new424(), tagTwo()))
	if len(first) != 2 || len(second) != 2 {
		t.Errorf("two tags have the marks %v and %v", first, second)
	}
	for uid := range first {
		if second[uid] {
			t.Errorf("%s is in both reports", uid)
		}
	}
}
