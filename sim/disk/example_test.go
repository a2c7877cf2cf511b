// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"fmt"
	"os"

	"github.com/tagbase/tagbase-edge/sim/disk"
)

// After a power cut a line that was not synced may be there, be missing, or leave zeros, or half of itself.
func ExampleDisk_After() {
	d := disk.New()
	f, err := d.Open("/j/log", os.O_RDWR|os.O_CREATE)
	if err != nil {
		fmt.Println(err)
		return
	}

	d.SyncDir("/j")
	f.Write([]byte("line"))

	for after := range d.After(d.Ops(), 100) {
		f, err := after.Open("/j/log", os.O_RDONLY)
		if err != nil {
			fmt.Println(err)
			return
		}

		text := make([]byte, 10)
		n, _ := f.ReadAt(text, 0)
		fmt.Printf("%q\n", text[:n])
	}

	// Unordered output:
	// ""
	// ""
	// ""
	// "\x00\x00\x00\x00"
	// "li\x00\x00"
	// "line"
}
