// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/session"
)

// Two taps of one tag: the first opens a session, the second carries it to its verdict.
// Times are since boot.
func Example() {
	cache := session.New(10*time.Minute, session.UntilResolved)
	const tag = "tag_4jmjx2mtcyw21d"

	fmt.Printf("first tap carries %q\n", cache.Carried(tag, 60*time.Second))
	cache.Answered(tag, session.Report{Session: "ses_1", Age: 200 * time.Millisecond}, 61*time.Second)

	fmt.Printf("second tap carries %q\n", cache.Carried(tag, 65*time.Second))
	cache.Answered(tag, session.Report{Session: "ses_1", Verdict: true}, 66*time.Second)

	fmt.Printf("after the verdict: %q\n", cache.Carried(tag, 70*time.Second))

	// Output:
	// first tap carries ""
	// second tap carries "ses_1"
	// after the verdict: ""
}
