// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// A hand reaches a running bench through its socket.
type hand struct {
	conn  net.Conn
	lines *bufio.Reader
}

func reach(socket string) (*hand, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("%w; is the bench running? It prints its socket when it starts", err)
	}
	return &hand{conn, bufio.NewReader(conn)}, nil
}

func (h *hand) do(request string) error {
	if _, err := fmt.Fprintln(h.conn, request); err != nil {
		return err
	}
	line, err := h.lines.ReadString('\n')
	if err != nil {
		return err
	}
	if text, bad := strings.CutPrefix(strings.TrimSpace(line), "error: "); bad {
		return errors.New(text)
	}
	return nil
}

func socketFlag(c *cobra.Command) *string {
	socket := c.Flags().String("socket", "", "the bench's `SOCKET`, as it prints it")
	c.MarkFlagRequired("socket")
	return socket
}

func putCommand() *cobra.Command {
	c := &cobra.Command{Use: "put TAG", Short: "Lay a tag on the reader", Args: cobra.ExactArgs(1)}
	socket := socketFlag(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		h, err := reach(*socket)
		if err != nil {
			return err
		}
		defer h.conn.Close()
		return h.do("put " + args[0])
	}
	return c
}

func tapCommand() *cobra.Command {
	c := &cobra.Command{Use: "tap TAG", Short: "Hold a tag to the reader and take it away", Args: cobra.ExactArgs(1)}
	socket := socketFlag(c)
	rest := c.Flags().Duration("for", 700*time.Millisecond, "how long it stays")
	c.RunE = func(c *cobra.Command, args []string) error {
		h, err := reach(*socket)
		if err != nil {
			return err
		}
		defer h.conn.Close()
		if err := h.do("put " + args[0]); err != nil {
			return err
		}
		pause(c.Context(), *rest)
		return h.do("remove")
	}
	return c
}

func removeCommand() *cobra.Command {
	c := &cobra.Command{Use: "remove", Short: "Take the tag away", Args: cobra.NoArgs}
	socket := socketFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		h, err := reach(*socket)
		if err != nil {
			return err
		}
		defer h.conn.Close()
		return h.do("remove")
	}
	return c
}

func tagsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tags",
		Short: "List the tags that put and tap know",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			for _, r := range sim.NewTags(simplatform.New("")).List() {
				fmt.Fprintf(c.OutOrStdout(), "%-12s  %s\n", r.Name, r.Is)
			}
		},
	}
}
