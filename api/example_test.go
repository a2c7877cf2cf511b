// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tagbase/tagbase-edge/api"
)

// A station answers on its socket, and a client asks there.
func Example() {
	dir, err := os.MkdirTemp("", "socket")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "api.sock")

	station := api.New(api.Source{
		Status: func() api.Status {
			return api.Status{Station: "gate-1", OK: true, Words: "reader ready, platform reached"}
		},
		Late: func() []string { return nil },
		Feed: api.NewFeed(),
	})

	listener, err := api.Listen(path)
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- api.Serve(ctx, listener, station.Socket()) }()

	status, _, err := api.NewClient(path).Status(ctx)
	fmt.Println(status.Station, status.OK, err)
	fmt.Println(status.Words)

	// Serve closes the listener, which removes the socket.
	stop()
	fmt.Println(<-ended)

	// Output:
	// gate-1 true <nil>
	// reader ready, platform reached
	// <nil>
}
