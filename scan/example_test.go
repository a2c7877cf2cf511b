// SPDX-License-Identifier: Apache-2.0

package scan_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A finished scan is one line of `tagbase-edge scans --json`.
func ExampleRecord() {
	record := scan.Record{
		Seq:          17,
		Time:         time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC),
		Station:      "gate-1",
		Outcome:      scan.Refused,
		Reason:       scan.ReasonTag,
		Tag:          "tag_rose",
		UID:          "04f04e16900002",
		Chip:         "ntag424",
		HTTPStatus:   404,
		ReadMS:       scan.Milliseconds(46100 * time.Microsecond),
		AnswerMS:     scan.Milliseconds(120400 * time.Microsecond),
		TotalMS:      scan.Milliseconds(171 * time.Millisecond),
		Verification: "",
	}
	line, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(string(line))
	// Output:
	// {
	//  "seq": 17,
	//  "time": "2026-11-27T12:00:00Z",
	//  "station": "gate-1",
	//  "outcome": "refused",
	//  "reason": "tag",
	//  "tag": "tag_rose",
	//  "uid": "04f04e16900002",
	//  "chip": "ntag424",
	//  "carried_session": "",
	//  "session": "",
	//  "verification": "",
	//  "http_status": 404,
	//  "read_ms": 46.1,
	//  "connect_ms": 0,
	//  "answer_ms": 120.4,
	//  "total_ms": 171
	// }
}

// A service code is a number to blink, words to print and a mend to do.
func ExampleServiceCode() {
	code := scan.ServiceStorage

	fmt.Printf("service code %d: %s\nmend: %s\n", code, code, code.Mend())
	// Output:
	// service code 6: storage
	// mend: look at the card: full, failing or read-only; scans go on
}
