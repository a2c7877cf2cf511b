// SPDX-License-Identifier: Apache-2.0

package supervisor_test

import (
	"context"
	"fmt"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/reader/supervisor"
)

// A supervisor with a program that it cannot start says so, and tries again until its context ends.
func ExampleSupervisor() {
	ctx, stop := context.WithCancel(context.Background())
	events := make(chan reader.Event)
	ended := make(chan struct{})
	s := &supervisor.Supervisor{Command: []string{"/usr/bin/no-such-program", "reader"}}
	go func() {
		defer close(ended)
		s.Run(ctx, events)
	}()

	event := <-events
	stop()
	<-ended

	fmt.Println(event.Kind, event.Err)
	// Output: fault fork/exec /usr/bin/no-such-program: no such file or directory
}
