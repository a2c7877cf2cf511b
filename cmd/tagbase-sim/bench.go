// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// inTemp runs f in a directory that is gone afterwards.
func inTemp(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "tagbase-bench-")
	if err != nil {
		return err
	}
	return errors.Join(f(dir), os.RemoveAll(dir))
}

func benchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Start tags, readers, lamps and platform", Args: cobra.NoArgs}
	reader := readerFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTemp(func(dir string) error {
			b, err := sim.NewBench(dir)
			if err != nil {
				return err
			}
			config, err := b.WriteConfig(*reader, "")
			if err != nil {
				return errors.Join(err, b.Close())
			}
			fmt.Fprintf(c.OutOrStdout(), `The bench is set up. In other terminals:
  bin/tagbase-edge run --config %s
  bin/tagbase-sim tap genuine-424 --socket %s
libnfc's own tools find the reader as %s
Ctrl-C ends it.
`, config, b.Socket(), b.Device("libnfc"))
			<-c.Context().Done()
			return b.Close()
		})
	}
	return c
}

func readerFlag(c *cobra.Command) *string {
	return c.Flags().String("reader", "libnfc", "which `READER` the station uses: libnfc or simulated")
}

func readerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reader",
		Short: "Start only a virtual PN532 on a pseudo-terminal, and the socket of the simulated reader",
		Args:  cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTemp(func(dir string) error { return serveReader(c, dir) })
	}
	return c
}

func serveReader(c *cobra.Command, dir string) error {
	field := simantenna.NewField()
	cast := sim.NewTags(simplatform.New(""))
	pty, err := simreader.OpenPTY(filepath.Join(dir, "pn532"))
	if err != nil {
		return err
	}
	defer pty.Close()
	go simreader.NewPN532(field).Serve(pty)
	socket := filepath.Join(dir, "bench.sock")
	listener, err := simreader.ListenSocket(socket)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "pn532_uart:%s\nsimulated:%s\n", filepath.Join(dir, "pn532"), socket)
	return simreader.ServeSocket(c.Context(), listener, field, cast.Find)
}

func platformCommand() *cobra.Command {
	c := &cobra.Command{Use: "platform", Short: "Start only the platform", Args: cobra.NoArgs}
	listen := c.Flags().String("listen", "127.0.0.1:0", "loopback `ADDRESS`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTemp(func(dir string) error { return servePlatform(c, dir, *listen) })
	}
	return c
}

func servePlatform(c *cobra.Command, dir, listen string) error {
	key := "key_bench:" + rand.Text()
	p := simplatform.New(key)
	sim.NewTags(p)
	p.OnPost(func(v simplatform.Post) {
		fmt.Fprintf(c.OutOrStdout(), "%s  %d  %s  %s\n", v.Time.Format(time.TimeOnly), v.HTTPStatus, v.TagID, v.Status)
	})
	authority, err := simplatform.NewAuthority()
	if err != nil {
		return err
	}
	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().AddDate(0, 1, 0), "127.0.0.1", "localhost")
	if err != nil {
		return err
	}
	s, err := simplatform.Serve(p, listen, cert)
	if err != nil {
		return err
	}
	defer s.Close()
	ca, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "api-key")
	if err := errors.Join(os.WriteFile(ca, authority.PEM(), 0o644), os.WriteFile(keyFile, []byte(key+"\n"), 0o600)); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "base_url = %q\nca_file = %q\nkey_file = %q\n", s.URL, ca, keyFile)
	<-c.Context().Done()
	return nil
}
