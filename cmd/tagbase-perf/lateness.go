// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A goroutineLateness measures how late a goroutine of the bench hears of bytes
// in a file. The bench sees lamps and network in this way, so it cannot be more
// exact than this.
type goroutineLateness struct {
	reads, writes *os.File // a pipe
	reader        sync.WaitGroup

	mu      sync.Mutex  // guards what follows
	pending []time.Time // when the bytes were written that have not been read yet, oldest first
	late    sample
}

func newGoroutineLateness() (*goroutineLateness, error) {
	reads, writes, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	l := &goroutineLateness{reads: reads, writes: writes}

	// Ends when close closes the writing end.
	l.reader.Go(l.listen)
	return l, nil
}

func (l *goroutineLateness) listen() {
	for one := make([]byte, 1); ; {
		if n, err := l.reads.Read(one); n == 0 || err != nil {
			return
		}

		// A byte a read: the first pending time belongs to the byte just read.
		l.mu.Lock()
		l.late = append(l.late, time.Since(l.pending[0]))
		l.pending = l.pending[1:]
		l.mu.Unlock()
	}
}

// wake writes one byte for the listening goroutine. It is called while the
// bench is at work, since that is when lateness counts.
func (l *goroutineLateness) wake() {
	l.mu.Lock()
	l.pending = append(l.pending, time.Now())
	l.mu.Unlock()

	// Not under the lock: the listening goroutine needs it to note its own time.
	l.writes.Write([]byte{0})
}

// take returns how late the goroutine was each time since the last take.
func (l *goroutineLateness) take() sample {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late.take()
}

func (l *goroutineLateness) close() {
	l.writes.Close()
	l.reader.Wait()
	l.reads.Close()
}

// A threadLateness is a thread that sleeps again and again, and notes how late
// it wakes: how the kernel's scheduler treats everybody who waits on this
// machine.
type threadLateness struct {
	late   sample // of the thread alone, until gone
	stop   chan struct{}
	once   sync.Once
	thread sync.WaitGroup
}

// napTime is short enough for hundreds of naps in the three seconds for which
// awaitQuiet looks at the machine, and long enough to cost nothing.
const napTime = 5 * time.Millisecond

func newThreadLateness() *threadLateness {
	l := &threadLateness{stop: make(chan struct{})}

	// Ends at the first nap after end.
	l.thread.Go(func() {
		for {
			select {
			case <-l.stop:
				return
			default:
			}
			l.nap()
		}
	})
	return l
}

// nap sleeps in the kernel and not in Go's scheduler, whose lateness is
// goroutineLateness.
func (l *threadLateness) nap() {
	due := time.Now().Add(napTime)
	nap := unix.NsecToTimespec(int64(napTime))
	unix.Nanosleep(&nap, nil)
	l.late = append(l.late, time.Since(due))
}

// end stops the thread and returns how late each nap was. It may be called
// again.
func (l *threadLateness) end() sample {
	l.once.Do(func() { close(l.stop) })
	l.thread.Wait()
	return l.late
}
