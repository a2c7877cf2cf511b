// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

func readerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reader",
		Short: "Start only the reader: a virtual PN532 on a pseudo-terminal, and the simulated reader's socket",
		Args:  cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTempDir(func(dir string) error { return serveReader(c, dir) })
	}
	return c
}

// serveReader puts both readers over one antenna and prints their names as a
// configuration's reader.device takes them. It ends with the command's context.
func serveReader(c *cobra.Command, dir string) error {
	field := simantenna.NewField()
	// Nobody asks this platform: the tags only need one to be registered at.
	tags := sim.NewTagTable(simplatform.New(""))

	port := filepath.Join(dir, "pn532")
	pty, err := simreader.OpenPTY(port)
	if err != nil {
		return err
	}
	defer pty.Close()
	// Serve ends when pty is closed.
	go simreader.NewPN532(field).Serve(pty)

	socket := filepath.Join(dir, "bench.sock")
	listener, err := simreader.ListenSocket(socket)
	if err != nil {
		return err
	}

	fmt.Fprintf(c.OutOrStdout(), "pn532_uart:%s\nsimulated:%s\n", port, socket)
	return simreader.ServeSocket(c.Context(), listener, field, tags.Find)
}
