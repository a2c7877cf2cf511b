// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/probes"
	"github.com/tagbase/tagbase-edge/uplink"
)

// A keyVerdict is what the platform says to a key.
type keyVerdict int

const (
	keyGood keyVerdict = iota
	keyBad
	keyUnproven // the platform gave no answer that says anything about the key
)

// key asks for the key, proves it with a harmless GET, and stores it.
func (w *walk) key(ctx context.Context) error {
	file := w.storedKey()
	old, oldErr := config.ReadKey(file)
	if w.Given("key") || w.ask == nil {
		return w.keyByFlag(ctx, file, old, oldErr)
	}

	w.title("Key")
	if oldErr == nil {
		keep, err := w.ask.Yes(fmt.Sprintf("%s holds %s. Keep it?", file, old), true)
		if err != nil {
			return err
		}
		if keep {
			keep, err = w.proven(ctx, old)
			if keep || err != nil {
				return err
			}
		}
	}

	// Until the platform accepts one, or the person keeps it without a check.
	for {
		raw, key, err := w.askForKey()
		if err != nil {
			return err
		}
		keep, err := w.proven(ctx, key)
		if err != nil {
			return err
		}
		if keep {
			return w.storeKey(file, raw)
		}
	}
}

// askForKey asks until the answer is a key, or a file that holds one.
func (w *walk) askForKey() (raw []byte, key uplink.Key, err error) {
	for {
		answer, err := w.ask.Secret("Paste the key (it is not shown), or write the name of a file that holds it")
		if err != nil {
			return nil, uplink.Key{}, err
		}

		// No key begins with a slash.
		raw := []byte(answer)
		if strings.HasPrefix(answer, "/") {
			if raw, err = config.ReadFile(answer); err != nil {
				w.say("  %v", err)
				continue
			}
		}
		key, err := uplink.ParseKey(raw)
		if err != nil {
			w.say("  This is not a key: %v", err)
			continue
		}
		return raw, key, nil
	}
}

// storedKey returns where the station keeps its key. It sets platform.key_file if the service
// would not find it there by itself.
func (w *walk) storedKey() string {
	const key = "platform.key_file"
	switch {
	case w.KeyFile == config.InstalledKey(w.Config):
		w.edit.Set(key, "")
	case w.KeyFile != "":
		w.edit.Set(key, w.KeyFile)
	}

	if file := w.edit.Text(key); file != "" {
		return file
	}
	return config.InstalledKey(w.Config)
}

// keyByFlag takes the key that --key names, or else the one that is stored.
func (w *walk) keyByFlag(ctx context.Context, file string, old uplink.Key, oldErr error) error {
	key, raw := old, []byte(nil)
	switch {
	case w.Key == "" && oldErr != nil:
		return fmt.Errorf("--key is not given, and %w", oldErr)
	case w.Key != "":
		var err error
		if raw, err = config.ReadSecret(w.Key); err != nil {
			return err
		}
		if key, err = uplink.ParseKey(raw); err != nil {
			return fmt.Errorf("--key %s holds no key: %w", w.Key, err)
		}
	}

	// A refused key is never stored: with --unproven only an unreachable platform is forgiven.
	said, verdict := w.prove(ctx, key)
	if verdict == keyBad || verdict == keyUnproven && !w.Unproven {
		return errors.New(said)
	}
	w.say("%s", said)
	if raw == nil {
		return nil // it is stored
	}
	return w.storeKey(file, raw)
}

// proven shows what the platform says to a key. If it says nothing about it, the person decides.
func (w *walk) proven(ctx context.Context, key uplink.Key) (keep bool, err error) {
	for {
		said, verdict := w.prove(ctx, key)
		w.say("  %s", said)
		if verdict != keyUnproven {
			return verdict == keyGood, nil
		}

		answer, err := w.ask.Line("Try again, or keep the key without a check? (again/keep)", "again")
		if err != nil || answer == "keep" || answer == "k" {
			return err == nil, err
		}
	}
}

// prove asks the platform for a session that cannot exist.
func (w *walk) prove(ctx context.Context, key uplink.Key) (said string, verdict keyVerdict) {
	// The problems are reported when the configuration is written.
	cfg, _ := config.Parse(w.edit.TOML(), w.Config)
	if cfg == nil {
		cfg = config.Default(w.Config)
	}
	if cfg.Platform.BaseURL == nil {
		return fmt.Sprintf("platform.base_url %q is not an address", w.edit.Text("platform.base_url")), keyUnproven
	}

	// The first step that failed says why there is no answer.
	p := probes.Platform(ctx, cfg, key)
	for _, why := range []string{p.DNS, p.TCP, p.TLS, p.HTTP} {
		if why != "" {
			return fmt.Sprintf("The platform %s cannot be reached: %s", p.Host, why), keyUnproven
		}
	}
	return judgeKey(p, key)
}

// judgeKey reads the platform's answer about a session that cannot exist: 404 is given only to a
// key that is good.
func judgeKey(p doctor.PlatformReach, key uplink.Key) (said string, verdict keyVerdict) {
	switch {
	case p.Status == http.StatusNotFound || p.Status/100 == 2:
		return fmt.Sprintf("The platform %s accepts %s.", p.Host, key), keyGood
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return fmt.Sprintf("The platform %s refuses %s (%d); is it the whole key, and not revoked?",
			p.Host, key, p.Status), keyBad
	default:
		return fmt.Sprintf("The platform %s answers %d, which says nothing about the key; is platform.base_url right?",
			p.Host, p.Status), keyUnproven
	}
}

// storeKey writes the key so that only root can read it, and keeps a copy of the one before.
func (w *walk) storeKey(file string, raw []byte) error {
	// One line, as an editor would leave it.
	raw = append([]byte(strings.TrimSpace(string(raw))), '\n')
	old, err := config.ReadFile(file)
	switch {
	case err == nil && string(old) == string(raw):
		return os.Chmod(file, 0o600)
	case err == nil:
		if err := w.copyAside(file, old, 0o600); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}

	if err := replaceFile(file, raw, 0o600); err != nil {
		return err
	}
	w.changed = true
	w.say("  The key is in %s. Only root can read it.", file)
	return nil
}
