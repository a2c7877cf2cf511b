// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tagbase/tagbase-edge/uplink"
	"golang.org/x/term"
)

// credential is the name under which systemd passes the key (LoadCredential= in
// systemd/tagbase-edge.service) if no file is configured.
const credential = "api-key"

// Key reads the station's key as the daemon does: from platform.key_file, or from systemd's
// credential.
func (c *Config) Key() (uplink.Key, error) {
	if c.Platform.KeyFile != "" {
		return ReadKey(c.Platform.KeyFile)
	}

	// InstalledKey would not do: only root can read that file, and the daemon is not root.
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return uplink.Key{}, errors.New(
			`is not set, and systemd gave no credential "api-key"; set it to the file that holds the key`)
	}
	return ReadKey(filepath.Join(dir, credential))
}

// KeyFile returns the file that holds the station's key, also for a command that runs beside
// the daemon and has no credential: then it is the file from which the unit takes it.
func (c *Config) KeyFile() string {
	if c.Platform.KeyFile != "" {
		return c.Platform.KeyFile
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		return filepath.Join(dir, credential)
	}
	return InstalledKey(c.File)
}

// InstalledKey returns the file from which the systemd unit takes the key if the configuration
// in file names none.
func InstalledKey(file string) string {
	if name := Instance(file); name != "" {
		return "/etc/tagbase-edge/" + name + ".api-key"
	}
	return "/etc/tagbase-edge/api-key"
}

// ReadKey reads the key in a file. No error holds a byte of the file.
func ReadKey(file string) (uplink.Key, error) {
	b, err := ReadFile(file)
	if err != nil {
		return uplink.Key{}, err
	}

	key, err := uplink.ParseKey(b)
	if err != nil {
		return uplink.Key{}, fmt.Errorf("%s holds no key: %w", file, err)
	}
	return key, nil
}

// ReadSecret reads a file, or standard input if file is "-". A terminal does not show what is
// typed.
func ReadSecret(file string) ([]byte, error) {
	stdin := int(os.Stdin.Fd())
	switch {
	case file == "-" && term.IsTerminal(stdin):
		return term.ReadPassword(stdin)
	case file == "-":
		return io.ReadAll(io.LimitReader(os.Stdin, maxFile))
	default:
		return ReadFile(file)
	}
}

// KeyProblems reports what is wrong with a key that systemd will pass to the station: the one
// in source, a file or "-". It reports nothing if the configuration names a file of its own.
func (c *Config) KeyProblems(source string) []Problem {
	if c.Platform.KeyFile != "" {
		return nil
	}

	// Neither error holds a byte of the key.
	raw, err := ReadSecret(source)
	if err == nil {
		if _, err = uplink.ParseKey(raw); err == nil {
			return nil
		}
	}

	if source == "-" {
		source = "standard input"
	}
	return []Problem{c.Problem("platform.key_file",
		"is not set, and "+source+" holds no key: "+err.Error())}
}
