// SPDX-License-Identifier: Apache-2.0

package clockfile_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/tagbase/tagbase-edge/internal/clockfile"
)

func Example() {
	dir, err := os.MkdirTemp("", "state-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	if err := clockfile.Write(dir, time.Unix(1_790_000_000, 0)); err != nil {
		log.Fatal(err)
	}
	line, err := os.ReadFile(clockfile.Path(dir))
	fmt.Print(string(line), err, "\n")
	kept, err := clockfile.Read(dir)
	fmt.Println(kept, err)

	// Output:
	// cbf25983 2026-09-21T14:13:20Z
	// <nil>
	// 2026-09-21 14:13:20 +0000 UTC <nil>
}
