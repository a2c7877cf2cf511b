// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// The bench serves a virtual antenna on a socket, with one tag on it. To the reader's
// package this is a device like any other: with "pn532_uart:/dev/ttyAMA0" for its name, the same lines read
// a real tag.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "reader")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "bench.sock")
	field := simantenna.NewField()
	bench, err := simreader.OpenSocket(socket, field, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bench.Close()
	field.Put(simchip.NewNTAG213([7]byte{0x04, 0xF0, 0x4E, 0x16, 0x90, 0x00, 0x02}, "https://example.net/menu"))

	device, err := reader.Open("simulated:" + socket)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	target, err := device.Select(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	tap, err := reader.Read(device, target, time.Now(), reader.TwoTaps)
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(tap.Chip, tap.UID, tap.URL)
	// Output: ntag21x 04f04e16900002 https://example.net/menu
}
