// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
	"github.com/tagbase/tagbase-edge/sim/reader"
)

// One connection is the hand that lays a tag down and the reader that finds it.
func ExampleSocket() {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	onlyBlank := func(name string) (chip.Chip, bool) { return chip.NewBlank(), name == "blank" }
	path := filepath.Join(dir, "socket")
	socket, err := reader.OpenSocket(path, antenna.NewField(), onlyBlank)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer socket.Close()

	conn, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println(err)
		return
	}
	replies := bufio.NewScanner(conn)
	for _, request := range []string{"put blank", "select", "transceive 3003", "remove", "present"} {
		fmt.Fprintln(conn, request)
		replies.Scan()
		fmt.Printf("%s: %s\n", request, replies.Text())
	}

	// Output:
	// put blank: ok
	// select: target 0044 00 04b1a94b000003 -
	// transceive 3003: answer e11012000103a00c340300fe00000000
	// remove: ok
	// present: no
}
