// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/tagbase/tagbase-edge/api"
)

func pageListen(s string) error {
	if s == "" {
		return nil
	}
	_, err := api.CheckListen(s)
	return err
}

func (c *config) loadToken(file string) error {
	if file == "" {
		return nil
	}
	b, err := readFile(file)
	if err != nil {
		return errors.New(unreadable(err))
	}
	if c.page.token, err = api.ParseToken(b); err != nil {
		return fmt.Errorf("%s holds no token: %w", shownPath(file), err)
	}
	return nil
}

// pageProblems are of a page that others could reach without a token.
func (c *config) pageProblems(doc *document) []problem {
	if c.page.listen == "" || c.page.tokenFile != "" {
		return nil
	}
	if loopback, err := api.CheckListen(c.page.listen); loopback || err != nil {
		return nil
	}
	return []problem{{doc.values["page.listen"].at, "page.listen", fmt.Sprintf(
		"%.80q is for others than this board, and page.token_file is not set; name the file of a token, or listen on 127.0.0.1", c.page.listen)}}
}
