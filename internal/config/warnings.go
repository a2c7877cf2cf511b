// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// pulledUp matches the names of the lines GPIO0 to GPIO8 on Raspberry Pis, whose pulls at reset
// are up (BCM2835 ARM Peripherals, section 6.2, table 6-31). A lamp on one of them glows before
// the station starts and after it has ended.
var pulledUp = lazyregexp.New(`^(GPIO[0-8]|ID_SD[AC]?|ID_SC[L]?|SDA1|SCL1|GPIO_GCLK|SPI_CE[01]_N)$`)

// Warnings reports lamps that are lit while nothing drives their lines. A station runs with
// them all the same. A file that cannot be read has none.
func Warnings(file string) []Problem {
	b, err := ReadFile(file)
	if err != nil {
		return nil
	}
	doc, _ := parseTOML(b)
	if doc == nil {
		return nil
	}

	var warnings []Problem
	for _, lamp := range []string{"leds.green", "leds.red", "leds.amber"} {
		v, ok := doc.values[lamp]
		if ok && pulledUp().MatchString(v.text) {
			warnings = append(warnings, v.at.problem(lamp, fmt.Sprintf(
				"warning: %s is pulled up at reset, so the lamp glows while nothing drives it; "+
					"wire it to one of GPIO9 to GPIO27", v.text)))
		}
	}

	// Only green lets people through, so amber and red are not worth a warning.
	if v, ok := doc.values["leds.active_low"]; ok && v.text == "true" && doc.values["leds.green"].text != "" {
		warnings = append(warnings, v.at.problem("leds.active_low",
			"warning: the green lamp is lit while nothing drives its line, as if a tag were genuine; "+
				"wire the lamps active-high"))
	}
	return locate(warnings, b, file)
}
