// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/clockfile"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/reader/supervisor"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/uplink"
	"golang.org/x/sys/unix"
)

// readerPatience is more than libnfc's own time-outs for all steps together.
const readerPatience = 15 * time.Second

// Subject returns what the configuration in file says, and what tries it. root is the machine's
// file system, from / on.
func Subject(ctx context.Context, file string, root fs.FS) doctor.Subject {
	// What could be read of a bad configuration is examined all the same.
	cfg, problems := config.Load(file)
	if cfg == nil {
		cfg = config.Default(file)
	}
	key, keyErr := config.ReadKey(cfg.KeyFile())

	s := doctor.Subject{Root: root, Config: doctor.Config{
		File:   file,
		Device: cfg.Reader.Device,
		Lamps: []doctor.LampLine{
			{Name: "green", Line: cfg.Lamps.Green},
			{Name: "red", Line: cfg.Lamps.Red},
			{Name: "amber", Line: cfg.Lamps.Amber},
		},
		ActiveLow: cfg.Lamps.ActiveLow,
		StateDir:  cfg.Station.StateDir,
		KeyFile:   cfg.KeyFile(),
		KeyOwn:    cfg.Platform.KeyFile != "",
		Version:   buildinfo.Version(),
		Libnfc:    reader.Libnfc,
	}}
	for _, p := range problems {
		s.Config.Problems = append(s.Config.Problems, p.String())
	}

	// The doctor gets the key without its secret.
	if keyErr != nil {
		s.Config.KeyFault = keyErr.Error()
	} else {
		s.Config.Key = key.String()
	}

	// ctx ends the probes when the command is interrupted.
	s.Probes = doctor.Probes{
		User:         User(),
		Daemon:       func() (doctor.HeldReader, error) { return askDaemon(ctx, cfg.Station.Socket) },
		Line:         led.Holder,
		Free:         free,
		Synchronised: synchronised,
		Now:          time.Now(),
		Floor:        buildinfo.Time(),
		Versions:     []string{reader.LibnfcVersion()},
	}

	// What the configuration does not name properly is not tried.
	if reader.CheckConnstring(cfg.Reader.Device) == nil {
		s.Probes.Reader = func() []doctor.ReaderStep { return Reader(ctx, cfg.Reader.Device) }
	}
	if cfg.Platform.BaseURL != nil {
		s.Probes.Platform = func() doctor.PlatformReach { return Platform(ctx, cfg, key) }
	}
	return s
}

// askDaemon asks the running daemon about its reader. The error says that it could not be asked.
func askDaemon(ctx context.Context, socket string) (doctor.HeldReader, error) {
	s, _, err := api.NewClient(socket).Status(ctx)
	switch {
	case err != nil:
		return doctor.HeldReader{}, err
	case s.Reader.Up:
		return doctor.HeldReader{Says: "the reader answers", Blocked: s.Reader.Blocked(),
			HaltFails: s.Reader.HaltFails}, nil
	case s.Reader.Error == "":
		return doctor.HeldReader{Says: "the reader is not ready yet"}, nil
	default:
		gone := scan.ServiceCode(s.ServiceCode) == scan.ServiceReaderNotFound
		return doctor.HeldReader{Says: s.Reader.Error, Fault: true, Gone: gone}, nil
	}
}

// Reader tries the reader at a connstring step by step, and ends with the first step that fails.
func Reader(ctx context.Context, device string) (steps []doctor.ReaderStep) {
	// libnfc may hang or abort: it does so in a process that is killed when ctx ends.
	program, err := os.Executable()
	if err != nil {
		return []doctor.ReaderStep{{Name: doctor.StepOpen, Err: err.Error()}}
	}

	ctx, cancel := context.WithTimeout(ctx, readerPatience)
	defer cancel()

	for _, s := range supervisor.SelfTestInChild(ctx, []string{program, "try-reader", device}) {
		steps = append(steps, doctor.ReaderStep(s))
	}
	return steps
}

// Platform asks the platform a harmless question with a key, and reports how far it got.
func Platform(ctx context.Context, cfg *config.Config, key uplink.Key) doctor.PlatformReach {
	// As in the daemon, certificates are checked no earlier than the last time that is known to
	// have passed. Without a file the build's time has to do.
	kept, _ := clockfile.Read(cfg.Station.StateDir)
	platform := uplink.NewPlatform(uplink.Config{
		Base: cfg.Platform.BaseURL, Key: key, Roots: cfg.Platform.Roots,
		Clock: uplink.NewClock(time.Now, buildinfo.Time(), kept),
	})

	x := platform.CheckReach(ctx)
	p := doctor.PlatformReach{
		Host:      x.Host,
		Port:      x.Port,
		Addresses: x.Addresses,
		DNS:       oneLine(x.DNS),
		TCP:       oneLine(x.TCP),
		TLS:       oneLine(x.TLS),
		TLSClock:  x.Clock,
		TLSLost:   x.Lost,
		Plain:     cfg.Platform.BaseURL.Scheme == "http",
		Expires:   x.Expires,
		HTTP:      oneLine(x.HTTP),
		Status:    x.Status,
	}
	// Without an answer there is no date to compare with.
	if !x.Date.IsZero() {
		p.Dated, p.Skew = true, time.Since(x.Date)
	}
	return p
}

// oneLine returns an error's text in one line, or "".
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// User returns the name of the user who examines, or "".
func User() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// free returns the space, in bytes, that a user other than root has left where path lies.
func free(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

var errClockState = errors.New("the kernel does not say whether a time service keeps its clock")

// synchronised asks the kernel whether a time service keeps its clock (adjtimex(2)).
func synchronised() (bool, error) {
	state, err := unix.Adjtimex(&unix.Timex{})
	if err != nil {
		return false, errClockState
	}
	return state != unix.TIME_ERROR, nil
}
