// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// pulledUp are the names of the lines GPIO0 to GPIO8 on Raspberry Pis, whose pulls at reset
// are up (BCM2835 ARM Peripherals, section 6.2, table 6-31): a lamp on one of them glows
// before the station starts and after it has ended.
var pulledUp = lazyregexp.New(`^(GPIO[0-8]|ID_SD[AC]?|ID_SC[L]?|SDA1|SCL1|GPIO_GCLK|SPI_CE[01]_N)$`)

// wiring warns about lamps that are lit when nobody drives them. A station runs with them.
func wiring(file string) (warnings []problem) {
	b, err := readFile(file)
	if err != nil {
		return nil
	}
	doc, bad := parseDocument(b)
	if bad != nil {
		return nil
	}
	for _, lamp := range []string{"leds.green", "leds.red", "leds.amber"} {
		v, ok := doc.values[lamp]
		if ok && pulledUp().MatchString(v.text) {
			warnings = append(warnings, problem{v.at, lamp, fmt.Sprintf(
				"warning: %s is pulled up at reset, so that the lamp glows when nobody drives it; wire it to one of GPIO9 to GPIO27", v.text)})
		}
	}
	if v, ok := doc.values["leds.active_low"]; ok && v.text == "true" && doc.values["leds.green"].text != "" {
		warnings = append(warnings, problem{v.at, "leds.active_low",
			"warning: the green lamp is lit when nobody drives its line, as if a tag were genuine; wire the lamps active-high"})
	}
	return warnings
}

func warn(w io.Writer, file string) {
	for _, p := range wiring(file) {
		fmt.Fprintln(w, p.in(file))
	}
}
