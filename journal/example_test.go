// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/scan"
)

// The daemon dies while a scan is in flight. The next start finds both scans: the first
// with its result, the second as unknown.
func Example() {
	parent, err := os.MkdirTemp("", "journal")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "journal")

	j, _ := journal.Open(dir, journal.Options{})
	first, second := j.NextSeq(), j.NextSeq()
	intend(j, journal.Intent{Seq: first, Tag: "tag_rose"})
	j.Finish(scan.Record{Seq: first, Tag: "tag_rose", Outcome: scan.Valid, HTTPStatus: 201})
	intend(j, journal.Intent{Seq: second, Tag: "tag_lily"})
	j.Close()

	j, past := journal.Open(dir, journal.Options{})
	defer j.Close()
	for _, s := range past.Scans {
		fmt.Printf("%d %s %s %q\n", s.Seq, s.Tag, s.Outcome, s.Reason)
	}
	fmt.Println("recovered:", past.Recovered)

	// Output:
	// 1 tag_rose valid ""
	// 2 tag_lily unknown "restart"
	// recovered: 1
}

// intend waits for an intent as a station does: with a bound, since the disk may hang.
func intend(j *journal.Journal, i journal.Intent) {
	select {
	case <-j.Intend(i):
	case <-time.After(journal.Patience):
	}
}
