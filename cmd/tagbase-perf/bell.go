// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync"
	"time"
)

// A bell is rung while the bench is at work, and notes how late the bench hears it: lamps and network are heard in the same
// way, by a goroutine that waits for a file.
type bell struct {
	ear, rope *os.File
	gone      sync.WaitGroup

	mu   sync.Mutex
	rung []time.Time // and not heard yet
	late sample
}

func newBell() (*bell, error) {
	ear, rope, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &bell{ear: ear, rope: rope}
	b.gone.Go(func() {
		for one := make([]byte, 1); ; {
			if n, err := ear.Read(one); n == 0 || err != nil {
				return
			}
			b.mu.Lock()
			b.late = append(b.late, time.Since(b.rung[0]))
			b.rung = b.rung[1:]
			b.mu.Unlock()
		}
	})
	return b, nil
}

func (b *bell) ring() {
	b.mu.Lock()
	b.rung = append(b.rung, time.Now())
	b.mu.Unlock()
	b.rope.Write([]byte{0})
}

// lateness is how late the bell was heard since the last time that this was asked for.
func (b *bell) lateness() sample {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.late.take()
}

func (b *bell) close() {
	b.rope.Close()
	b.gone.Wait()
	b.ear.Close()
}
