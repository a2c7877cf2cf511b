// SPDX-License-Identifier: Apache-2.0

package chip_test

import (
	"fmt"
	"net/url"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Each read of a genuine chip costs one count, and the platform finds that count in the proof.
func ExampleNewNTAG424() {
	meta, file := [16]byte{1}, [16]byte{2}
	tag := chip.NewNTAG424([7]byte{0x04, 1, 2, 3, 4, 5, 6}, meta, file, "https://tap.example.com/tag_x")

	for range 2 {
		tap, _ := url.Parse(tag.Capture())
		uid, counter, ok := chip.Open424(meta, file, tap.Query().Get("e"), tap.Query().Get("c"))
		fmt.Printf("%s: UID %x, count %d, genuine %t\n", tap.Path, uid, counter, ok)
	}

	// Output:
	// /tag_x: UID 04010203040506, count 1, genuine true
	// /tag_x: UID 04010203040506, count 2, genuine true
}
