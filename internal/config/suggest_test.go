// SPDX-License-Identifier: Apache-2.0

package config

import "testing"

func TestMisspeltKeyIsSuggested(t *testing.T) {
	names := []string{"reader.device", "leds.green", "leds.red", "station.state_dir", "platform.timeout"}

	for name, want := range map[string]string{
		"reader.devise":     "reader.device",
		"led.green":         "leds.green",
		"reader.green":      "leds.green",
		"state_dir":         "station.state_dir",
		"platform.timeuot":  "platform.timeout",
		"plattform.tiemout": "platform.timeout",
		"READER.DEVICE":     "reader.device",
		"page.colour":       "",
		"x":                 "",
	} {
		if got := suggest(name, names); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
