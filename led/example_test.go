// SPDX-License-Identifier: Apache-2.0

package led_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tagbase/tagbase-edge/led"
)

// A lamp may be a file. Here two files stand for a green and an amber lamp.
func Example() {
	dir, err := os.MkdirTemp("", "lamps")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	green := filepath.Join(dir, "green")

	lamps, err := led.Open(led.Config{
		Green: "file:" + green,
		Amber: "file:" + filepath.Join(dir, "amber"),
	})
	if err != nil {
		panic(err)
	}

	_, change := lamps.State()
	lamps.Show(led.Valid)
	<-change

	now, _ := lamps.State()
	fmt.Println("green:", now.Green.Lit)
	fmt.Println("amber:", now.Amber.Lit)
	fmt.Println("red is wired:", now.Red.Wired)

	// Close leaves every lamp dark, whatever was shown.
	if err := lamps.Close(); err != nil {
		panic(err)
	}
	level, err := os.ReadFile(green)
	if err != nil {
		panic(err)
	}
	fmt.Printf("green file after Close: %q\n", level)

	// Output:
	// green: true
	// amber: false
	// red is wired: false
	// green file after Close: "0\n"
}
