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
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

func platformCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "platform",
		Short: "Start only the platform, and print every scan that it receives",
		Args:  cobra.NoArgs,
	}
	listen := c.Flags().String("listen", "127.0.0.1:0", "loopback `ADDRESS` and port; port 0 is any free one")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTempDir(func(dir string) error { return servePlatform(c, dir, *listen) })
	}
	return c
}

// servePlatform prints the [platform] lines of a configuration that reaches
// the platform, then a line for every scan, until the command's context ends.
func servePlatform(c *cobra.Command, dir, listen string) error {
	key := "key_bench:" + rand.Text()
	p := simplatform.New(key)
	// NewTags registers the bench's genuine tags at the platform; nobody lays them on an antenna here.
	sim.NewTagTable(p)
	p.OnPost(func(v simplatform.Post) {
		fmt.Fprintf(c.OutOrStdout(), "%s  %d  %s  %s\n", v.Time.Format(time.TimeOnly), v.HTTPStatus, v.TagID, v.Status)
	})

	// An hour back, for a client whose clock is behind; a month is longer than anybody leaves this running.
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

	// 0600, since the doctor reports a key file that other users can read.
	ca, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "api-key")
	if err := errors.Join(
		os.WriteFile(ca, authority.PEM(), 0o644),
		os.WriteFile(keyFile, []byte(key+"\n"), 0o600)); err != nil {
		return err
	}

	fmt.Fprintf(c.OutOrStdout(), "base_url = %q\nca_file = %q\nkey_file = %q\n", s.URL, ca, keyFile)

	<-c.Context().Done()
	return nil
}
