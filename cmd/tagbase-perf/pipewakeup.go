// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// wakeupPause lets the waiting thread fall asleep before the next byte.
const wakeupPause = 5 * time.Millisecond

// measurePipeWakeup measures how long a thread that waits at a pipe takes to
// have what another thread writes into it, as many times as given. Every step
// from one process to the next costs at least this on the machine.
func measurePipeWakeup(times int) (took sample, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	defer unix.Close(ends[0])

	// Ends when the writing end is closed. Unbuffered: it waits until its time has been taken.
	woken := make(chan time.Time)
	go func() {
		defer close(woken)
		notifyReads(ends[0], woken)
	}()

	for range times {
		time.Sleep(wakeupPause)
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

// notifyReads sends the time of every read from fd until its end. It blocks in
// the kernel with a thread of its own: Go's poller would be another step.
func notifyReads(fd int, read chan<- time.Time) {
	runtime.LockOSThread()
	for b := make([]byte, 1); ; {
		if n, err := unix.Read(fd, b); err != nil || n == 0 {
			return
		}
		read <- time.Now()
	}
}
