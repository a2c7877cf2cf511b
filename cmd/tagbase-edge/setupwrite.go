// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/atomicfile"
)

// write shows the configuration, and writes it if there is no problem in it.
func (s *setup) write(context.Context) error {
	b := s.draft.toml()
	if s.ask != nil {
		s.title("Configuration")
		fmt.Fprintf(s.out, "%s\n", b)
		ok, err := s.ask.yes("Write this to "+s.config+"?", true)
		if err != nil || !ok {
			return errors.Join(err, errStopped)
		}
	}
	if _, problems := configOf(b, s.config); len(problems) > 0 {
		tellIn(s.out, s.config, b, problems)
		s.say("%s is left as it was.", s.config)
		return exitError(exitFailed)
	}
	old, err := readFile(s.config)
	switch {
	case err == nil && string(old) == string(b):
		s.say("%s is as it was.", s.config)
		return s.check()
	case err == nil:
		mode, err := modeOf(s.config)
		if err == nil {
			err = s.copyAside(s.config, old, mode)
		}
		if err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return errors.New(unreadable(err))
	}
	if err := replaceFile(s.config, b, 0o644); err != nil {
		return err
	}
	s.changed = true
	return s.check()
}

func (s *setup) check() error {
	if _, problems := loadConfig(s.config); len(problems) > 0 {
		tell(s.out, s.config, problems)
		return exitError(exitFailed)
	}
	s.say("%s: no problem found", s.config)
	return nil
}

func modeOf(file string) (fs.FileMode, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}

// copyAside keeps what a file held, under a name of its own.
func (s *setup) copyAside(file string, b []byte, mode fs.FileMode) error {
	name := file + time.Now().UTC().Format(".2006-01-02T150405Z")
	for i := 2; ; i++ {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			name = fmt.Sprintf("%s.%d", file+time.Now().UTC().Format(".2006-01-02T150405Z"), i)
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		s.say("  What %s held is kept in %s.", filepath.Base(file), name)
		return nil
	}
}

// replaceFile writes a file anew, and its directory if there is none.
func replaceFile(file string, b []byte, mode fs.FileMode) error {
	if at, err := filepath.EvalSymlinks(file); err == nil {
		file = at
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return atomicfile.Rewrite(file, b, mode)
}

// hasSystemd tells whether systemd runs this machine (sd_booted(3)).
func hasSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// enable offers to have the station start now and at each boot.
func (s *setup) enable(ctx context.Context) error {
	unit := doctor.ServiceOf(s.config)
	byHand := "tagbase-edge run --config " + s.config
	switch {
	case unit == "":
		s.say("The service takes %s. This one is run with: %s", defaultConfig, byHand)
		return s.withoutService()
	case !hasSystemd():
		s.say("systemd does not run here. The station is run with: %s", byHand)
		return s.withoutService()
	}
	start := s.service
	if s.ask != nil && !s.given("service") {
		var err error
		if start, err = s.ask.yes("Start the station now, and at each boot?", true); err != nil {
			return err
		}
	}
	if !start {
		s.say("It is started, now and at each boot, with: sudo systemctl enable --now %s", unit)
		return nil
	}
	if err := s.systemctl(ctx, "enable", unit); err != nil {
		return err
	}
	verb := "start" // which leaves one that runs alone
	if s.changed {
		verb = "restart"
	}
	if err := s.systemctl(ctx, verb, unit); err != nil {
		return err
	}
	s.stopped = ""
	s.say("The station runs. sudo tagbase-edge doctor tells how it is.")
	return nil
}

// withoutService is an error for one who asked for a service.
func (s *setup) withoutService() error {
	if s.service {
		return errors.New("no service was started")
	}
	return nil
}

func (s *setup) systemctl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "systemctl", args...)
	cmd.Stdout, cmd.Stderr = s.out, s.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("systemctl %s %s: %w", args[0], args[1], err)
	}
	return nil
}
