// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/procfs"
	"github.com/tagbase/tagbase-edge/internal/prompt"
)

// stopDaemon asks to stop the service, which holds the reader and the lamps. With Yes nothing is
// tried that the daemon holds, and it runs on.
func (w *walk) stopDaemon(ctx context.Context) error {
	pid := doctor.Running(w.Root, w.Config)
	if pid == 0 || w.ask == nil {
		return nil
	}

	// systemd would start a killed service again, so only systemctl stops it.
	unit := procfs.Lookup(w.Root, pid).Unit
	if !hasSystemd() || unit == "" {
		return fmt.Errorf("the daemon runs (pid %d) and holds the reader and the lamps; stop it: kill %d", pid, pid)
	}

	question := fmt.Sprintf("The daemon runs (pid %d) and holds the reader and the lamps. Stop it?", pid)
	stop, err := w.ask.Yes(question, true)
	if err != nil || !stop {
		return errors.Join(err, prompt.ErrStopped)
	}
	w.stopped = unit
	return w.systemctl(ctx, "stop", unit)
}

// enable offers to start the station now and at each boot.
func (w *walk) enable(ctx context.Context) error {
	unit := doctor.ServiceOf(w.Config)
	byHand := "tagbase-edge run --config " + w.Config
	switch {
	case unit == "":
		w.say("The service reads %s. To run this configuration: %s", config.DefaultFile, byHand)
		return w.withoutService()
	case !hasSystemd():
		w.say("systemd does not run here. To run the station: %s", byHand)
		return w.withoutService()
	}

	start := w.Service
	if w.ask != nil && !w.Given("service") {
		var err error
		if start, err = w.ask.Yes("Start the station now, and at each boot?", true); err != nil {
			return err
		}
	}
	if !start {
		w.say("To start it now and at each boot: sudo systemctl enable --now %s", unit)
		return nil
	}

	if err := w.systemctl(ctx, "enable", unit); err != nil {
		return err
	}

	// A station that runs with this very configuration is not disturbed.
	verb := "start"
	if w.changed {
		verb = "restart"
	}
	if err := w.systemctl(ctx, verb, unit); err != nil {
		return err
	}
	w.stopped = ""
	w.say("The station runs. To check it: sudo tagbase-edge doctor")
	return nil
}

// withoutService is an error if a service was asked for.
func (w *walk) withoutService() error {
	if w.Service {
		return errors.New("no service was started")
	}
	return nil
}

// hasSystemd reports whether systemd runs this machine (sd_booted(3)).
func hasSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

func (w *walk) systemctl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "systemctl", args...)
	cmd.Stdout, cmd.Stderr = w.Out, w.Out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("systemctl %s %s: %w", args[0], args[1], err)
	}
	return nil
}
