// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const wakePause = 5 * time.Millisecond

// measureWake is how long it takes until a thread that waits at a pipe has what another has written into it, so many
// times: what each step from one process to the next costs on this machine at the least.
func measureWake(times int) (took sample, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	defer unix.Close(ends[0])
	woken := make(chan time.Time)
	go func() {
		runtime.LockOSThread()
		defer close(woken)
		for b := make([]byte, 1); ; {
			if n, err := unix.Read(ends[0], b); err != nil || n == 0 {
				return
			}
			woken <- time.Now()
		}
	}()
	for range times {
		time.Sleep(wakePause)
		written := time.Now()
		if _, err := unix.Write(ends[1], []byte{0}); err != nil {
			break
		}
		took = append(took, (<-woken).Sub(written))
	}
	err = unix.Close(ends[1])
	<-woken
	return took, err
}
