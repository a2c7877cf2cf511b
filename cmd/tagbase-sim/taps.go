// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

func tagsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tags",
		Short: "List the tags that put and tap know",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			list := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, tag := range sim.NewTagTable(simplatform.New("")).List() {
				fmt.Fprintf(list, "%s\t%s\n", tag.Name, tag.Is)
			}
			list.Flush()
		},
	}
}

func putCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "put TAG",
		Short: "Lay a tag on the reader and leave it there",
		Args:  cobra.ExactArgs(1),
	}
	socket := socketFlag(c)
	c.RunE = func(_ *cobra.Command, args []string) error {
		return withHand(*socket, func(h *hand) error { return h.put(args[0]) })
	}
	return c
}

func tapCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "tap TAG",
		Short: "Hold a tag to the reader and take it away",
		Args:  cobra.ExactArgs(1),
	}
	socket := socketFlag(c)

	// 700 ms is a short tap of a person, and longer than a station needs to read any of the tags.
	stay := c.Flags().Duration("for", 700*time.Millisecond, "how long the tag stays on the reader")
	c.RunE = func(c *cobra.Command, args []string) error {
		return withHand(*socket, func(h *hand) error {
			if err := h.put(args[0]); err != nil {
				return err
			}

			// Ctrl-C ends the pause, and the tag is taken away all the same.
			pause(c.Context(), *stay)
			return h.remove()
		})
	}
	return c
}

func removeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "remove",
		Short: "Take the tag away from the reader",
		Args:  cobra.NoArgs,
	}
	socket := socketFlag(c)
	c.RunE = func(*cobra.Command, []string) error { return withHand(*socket, (*hand).remove) }
	return c
}

func socketFlag(c *cobra.Command) *string {
	socket := c.Flags().String("socket", "", "the bench's `SOCKET`; the bench prints it when it starts")
	c.MarkFlagRequired("socket")
	return socket
}

// A hand lays tags on the antenna of a bench that another process runs, and
// takes them away, through the bench's socket.
type hand struct {
	conn    net.Conn
	replies *bufio.Reader
}

// withHand connects to the bench for as long as f runs.
func withHand(socket string, f func(*hand) error) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("%w; is the bench running? It prints its socket when it starts", err)
	}
	defer conn.Close()

	return f(&hand{conn, bufio.NewReader(conn)})
}

func (h *hand) put(tag string) error { return h.do("put " + tag) }
func (h *hand) remove() error        { return h.do("remove") }

// do sends one request line and waits for its reply: "ok" or "error: TEXT".
func (h *hand) do(request string) error {
	if _, err := fmt.Fprintln(h.conn, request); err != nil {
		return err
	}
	reply, err := h.replies.ReadString('\n')
	if err != nil {
		return err
	}

	if text, bad := strings.CutPrefix(strings.TrimSpace(reply), "error: "); bad {
		return errors.New(text)
	}
	return nil
}
