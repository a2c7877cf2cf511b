// SPDX-License-Identifier: Apache-2.0

package terminal_test

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// A tag's name that would clear the screen is shown, and does nothing.
func Example() {
	name := "tag_1\x1b[2J"
	fmt.Println(terminal.Quote(name))
	fmt.Println(terminal.Printable(name))
	// Output:
	// "tag_1\x1b[2J"
	// tag_1?[2J
}
