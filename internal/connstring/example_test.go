// SPDX-License-Identifier: Apache-2.0

package connstring_test

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/internal/connstring"
)

// Only a number behind the last colon of a path is a speed.
func ExampleParse() {
	noFile := func(string) bool { return false }
	for _, device := range []string{"pn532_uart:/dev/ttyAMA0:115200", "acr122_usb:001:004"} {
		c := connstring.Parse(device, noFile)
		fmt.Printf("driver %s, path %s, speed %q\n", c.Driver, c.Path, c.Speed)
	}
	// Output:
	// driver pn532_uart, path /dev/ttyAMA0, speed "115200"
	// driver acr122_usb, path 001:004, speed ""
}
