// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"

	"github.com/tagbase/tagbase-edge/internal/config"
)

// Every problem is reported at once, with its place and its mend.
func ExampleParse() {
	text := `[reader]
devise = "pn532_uart:/dev/ttyAMA0"
device = 5

[tags]
entry_points = ["tap.example.com"]
`
	_, problems := config.Parse([]byte(text), "config.toml")
	config.Print(os.Stdout, problems)

	// Output:
	// config.toml:2:1: reader.devise: is not a key; do you mean reader.device?
	//     devise = …
	//     ^
	// config.toml:3:10: reader.device: is a number; write a text in quotes
	//     device = 5
	//              ^
	// config.toml:6:17: tags.entry_points: "tap.example.com" must begin with https://; write it as "https://tap.example.com/"
	//     entry_points = ["tap.example.com"]
	//                     ^
}

// An Edit keeps what a configuration sets, and writes it in the order of the reference
// configuration.
func ExampleEdit() {
	old := []byte("[leds]\ngreen = \"GPIO17\"\nactive_low = true\n")
	edit, _, _ := config.ParseEdit(old, "config.toml")

	edit.Set("reader.device", "pn532_uart:/dev/ttyAMA0")
	edit.SetList("tags.entry_points", []string{"https://tap.example.com/"})
	os.Stdout.Write(edit.TOML())

	// Output:
	// # Written by tagbase-edge setup. Every key, with its default: /usr/share/tagbase-edge/reference.toml
	//
	// [reader]
	// device = "pn532_uart:/dev/ttyAMA0"
	//
	// [tags]
	// entry_points = ["https://tap.example.com/"]
	//
	// [leds]
	// green = "GPIO17"
	// active_low = true
}
