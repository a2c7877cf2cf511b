// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
	"os"
	"syscall"
	"testing"
)

// The test binary is its own child process: "child DEVICE" is Child at a device, until its input ends.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { io.Copy(io.Discard, os.Stdin); cancel() }()
		if Child(ctx, os.Args[2], TwoTaps, nil, os.Stdout) != nil {
			os.Exit(1)
		}
		syscall.Exit(0) // os.Exit(0) waits a second for races
	}
	os.Exit(m.Run())
}
