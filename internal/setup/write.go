// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/internal/atomicfile"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/prompt"
)

// write shows the configuration, and writes it if it has no problem.
func (w *walk) write(context.Context) error {
	b := w.edit.TOML()
	if w.ask != nil {
		w.title("Configuration")
		fmt.Fprintf(w.Out, "%s\n", b)
		ok, err := w.ask.Yes("Write this to "+w.Config+"?", true)
		if err != nil || !ok {
			return errors.Join(err, prompt.ErrStopped)
		}
	}

	// A station never finds a configuration that it would refuse.
	if _, problems := config.Parse(b, w.Config); len(problems) > 0 {
		config.Print(w.Out, problems)
		w.say("%s was not changed.", w.Config)
		return ErrReported
	}

	old, err := config.ReadFile(w.Config)
	switch {
	case err == nil && string(old) == string(b):
		w.say("%s is up to date.", w.Config)
		return w.check()
	case err == nil:
		// The copy is no more open to others than the file.
		info, err := os.Stat(w.Config)
		if err == nil {
			err = w.copyAside(w.Config, old, info.Mode().Perm())
		}
		if err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}

	if err := replaceFile(w.Config, b, 0o644); err != nil {
		return err
	}
	w.changed = true
	return w.check()
}

// check reads the configuration as the station will.
func (w *walk) check() error {
	if _, problems := config.Load(w.Config); len(problems) > 0 {
		config.Print(w.Out, problems)
		return ErrReported
	}
	w.say("%s: no problem found", w.Config)
	return nil
}

// copyAside keeps what a file held in a copy, with the time in its name.
func (w *walk) copyAside(file string, b []byte, mode fs.FileMode) error {
	stamped := file + time.Now().UTC().Format(".2006-01-02T150405Z")
	name := stamped
	for i := 2; ; i++ {
		// O_EXCL: a copy never replaces another one, even in the same second.
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			name = fmt.Sprintf("%s.%d", stamped, i)
			continue
		}
		if err != nil {
			return err
		}

		_, err = f.Write(b)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		w.say("  The old %s is kept as %s.", filepath.Base(file), name)
		return nil
	}
}

// replaceFile replaces a file, or makes it and its directory. The file keeps its
// owner: the daemon's user reads platform.key_file itself.
func replaceFile(file string, b []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return atomicfile.Rewrite(file, b, mode)
}
