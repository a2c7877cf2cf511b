// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/uplink"
	"golang.org/x/term"
)

// A verdictOfKey is what the platform says to a key.
type verdictOfKey int

const (
	keyGood verdictOfKey = iota
	keyBad
	keyUnasked // the platform could not be reached
)

// stationKey asks for the key, proves it with a harmless GET, and stores it.
func (s *setup) stationKey(ctx context.Context) error {
	file := s.storedKey()
	old, oldErr := readKey(file)
	if s.given("key") || s.ask == nil {
		return s.keyByFlag(ctx, file, old, oldErr)
	}
	s.title("Key")
	if oldErr == nil {
		keep, err := s.ask.yes(fmt.Sprintf("%s holds %s. Keep it?", file, old), true)
		if err != nil {
			return err
		}
		if keep {
			keep, err = s.proven(ctx, old)
			if keep || err != nil {
				return err
			}
		}
	}
	for {
		answer, err := s.ask.secret("Paste the key (it is not shown), or write the name of a file that holds it")
		if err != nil {
			return err
		}
		raw := []byte(answer)
		if strings.HasPrefix(answer, "/") {
			if raw, err = readFile(answer); err != nil {
				s.say("  %s", unreadable(err))
				continue
			}
		}
		key, err := uplink.ParseKey(raw)
		if err != nil {
			s.say("  This is no key: %v", err)
			continue
		}
		keep, err := s.proven(ctx, key)
		if err != nil {
			return err
		}
		if keep {
			return s.storeKey(file, raw)
		}
	}
}

// storedKey is where the station's key lies, and has the configuration say so if
// the service would not find it by itself.
func (s *setup) storedKey() string {
	const key = "platform.key_file"
	switch {
	case s.keyPath == installedKey(s.config):
		s.draft.set(key, "")
	case s.keyPath != "":
		s.draft.set(key, s.keyPath)
	}
	if file := s.draft.text(key); file != "" {
		return file
	}
	return installedKey(s.config)
}

// keyByFlag does without questions.
func (s *setup) keyByFlag(ctx context.Context, file string, old uplink.Key, oldErr error) error {
	key, raw := old, []byte(nil)
	switch {
	case s.key == "" && oldErr != nil:
		return fmt.Errorf("--key is not given, and %w", oldErr)
	case s.key != "":
		var err error
		if raw, err = readKeyFrom(s.key); err != nil {
			return err
		}
		if key, err = uplink.ParseKey(raw); err != nil {
			return fmt.Errorf("--key %s holds no key: %w", s.key, err)
		}
	}
	said, verdict := s.prove(ctx, key)
	if verdict == keyBad || verdict == keyUnasked && !s.unproven {
		return errors.New(said)
	}
	s.say("%s", said)
	if raw == nil {
		return nil
	}
	return s.storeKey(file, raw)
}

func readKeyFrom(file string) ([]byte, error) {
	if file == "-" && term.IsTerminal(int(os.Stdin.Fd())) {
		return term.ReadPassword(int(os.Stdin.Fd()))
	}
	if file == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, maxFile))
	}
	b, err := readFile(file)
	if err != nil {
		return nil, errors.New(unreadable(err))
	}
	return b, nil
}

// proven tells a person what the platform says, and asks whether to go on if it said nothing.
func (s *setup) proven(ctx context.Context, key uplink.Key) (keep bool, err error) {
	for {
		said, verdict := s.prove(ctx, key)
		s.say("  %s", said)
		if verdict != keyUnasked {
			return verdict == keyGood, nil
		}
		answer, err := s.ask.line("Try again, or keep the key unproven? (again/keep)", "again")
		if err != nil || answer == "keep" || answer == "k" {
			return err == nil, err
		}
	}
}

// prove asks the platform for a session that cannot exist.
func (s *setup) prove(ctx context.Context, key uplink.Key) (string, verdictOfKey) {
	cfg := defaults()
	doc, bad := parseDocument(s.draft.toml())
	if bad == nil {
		cfg.take(doc)
	}
	if cfg.platform.base == nil {
		cfg.platform.base, _ = uplink.ParseBaseURL(cfg.platform.baseURL)
	}
	if cfg.platform.base == nil {
		return fmt.Sprintf("platform.base_url %q is not an address", cfg.platform.baseURL), keyUnasked
	}
	p := tryPlatform(ctx, cfg, key)
	for _, why := range []string{p.DNS, p.TCP, p.TLS, p.HTTP} {
		if why != "" {
			return fmt.Sprintf("The platform %s could not be asked: %s", p.Host, why), keyUnasked
		}
	}
	return keyVerdict(p, key)
}

func keyVerdict(p doctor.Platform, key uplink.Key) (string, verdictOfKey) {
	switch {
	case p.Status == http.StatusNotFound || p.Status/100 == 2:
		return fmt.Sprintf("The platform %s takes %s.", p.Host, key), keyGood
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return fmt.Sprintf("The platform %s refuses %s (%d); is it the whole key, and not revoked?", p.Host, key, p.Status), keyBad
	default:
		return fmt.Sprintf("The platform %s answers %d, which says nothing of the key; is platform.base_url right?", p.Host, p.Status), keyUnasked
	}
}

// storeKey writes the key for nobody but root and keeps a copy of what was there.
func (s *setup) storeKey(file string, raw []byte) error {
	raw = append([]byte(strings.TrimSpace(string(raw))), '\n')
	old, err := readFile(file)
	switch {
	case err == nil && string(old) == string(raw):
		return os.Chmod(file, 0o600)
	case err == nil:
		if err := s.copyAside(file, old, 0o600); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return errors.New(unreadable(err))
	}
	if err := replaceFile(file, raw, 0o600); err != nil {
		return err
	}
	s.changed = true
	s.say("  It is in %s, for root alone.", file)
	return nil
}
