// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/uplink"
	"golang.org/x/sys/unix"
)

// readerPatience is more than libnfc's own time-outs for all steps together.
const readerPatience = 15 * time.Second

// installedKey is where the unit takes the key from if the configuration, in that file, names none.
func installedKey(file string) string {
	if name := instance(file); name != "" {
		return "/etc/tagbase-edge/" + name + ".api-key"
	}
	return "/etc/tagbase-edge/api-key"
}

// keyFileOf is the file that holds the station's key, for the daemon and beside it.
func keyFileOf(cfg *config, file string) string {
	if cfg.platform.keyFile != "" {
		return cfg.platform.keyFile
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		return filepath.Join(dir, credential)
	}
	return installedKey(file)
}

// examined is the station as the configuration has it, and what tries it.
func examined(ctx context.Context, file string, root fs.FS) doctor.Station {
	cfg, problems := loadConfig(file)
	if cfg == nil {
		cfg = defaultsOf(instance(file))
	}
	key, keyErr := readKey(keyFileOf(cfg, file))
	s := doctor.Station{Root: root, Config: doctor.Config{
		File:     file,
		Device:   cfg.reader.device,
		Lamps:    []doctor.Lamp{{Name: "green", Line: cfg.leds.Green}, {Name: "red", Line: cfg.leds.Red}, {Name: "amber", Line: cfg.leds.Amber}},
		StateDir: cfg.station.stateDir, ActiveLow: cfg.leds.ActiveLow,
		KeyFile: keyFileOf(cfg, file), KeyOwn: cfg.platform.keyFile != "",
		Version: buildinfo.Version(), Libnfc: reader.Libnfc,
	}}
	for _, p := range problems {
		s.Config.Problems = append(s.Config.Problems, p.in(file))
	}
	if keyErr != nil {
		s.Config.KeyFault = keyErr.Error()
	} else {
		s.Config.Key = key.String()
	}
	s.Probes = doctor.Probes{
		User:         userName(),
		Daemon:       askDaemon(ctx, cfg),
		Line:         led.Holder,
		Free:         free,
		Synchronised: synchronised,
		Now:          time.Now(),
		Floor:        buildinfo.Time(),
		Versions:     []string{reader.LibnfcVersion()},
	}
	if reader.CheckConnstring(cfg.reader.device) == nil {
		s.Probes.Reader = func() []doctor.Step { return tryReader(ctx, cfg.reader.device) }
	}
	if cfg.platform.base == nil {
		cfg.platform.base, _ = uplink.ParseBaseURL(cfg.platform.baseURL)
	}
	if cfg.platform.base != nil {
		s.Probes.Platform = func() doctor.Platform { return tryPlatform(ctx, cfg, key) }
	}
	return s
}

// askDaemon asks the running daemon what it says of its reader; the error is that it
// could not be asked.
func askDaemon(ctx context.Context, cfg *config) func() (doctor.HeldReader, error) {
	return func() (doctor.HeldReader, error) {
		s, _, err := api.NewClient(cfg.station.socket).Status(ctx)
		switch {
		case err != nil:
			return doctor.HeldReader{}, err
		case s.Reader.Up:
			return doctor.HeldReader{Says: "the reader answers"}, nil
		case s.Reader.Error == "":
			return doctor.HeldReader{Says: "the reader is not ready yet"}, nil
		default:
			return doctor.HeldReader{Says: s.Reader.Error, Fault: true, Gone: s.ServiceCode == 1}, nil
		}
	}
}

func tryReader(ctx context.Context, device string) (found []doctor.Step) {
	ctx, cancel := context.WithTimeout(ctx, readerPatience)
	defer cancel()
	command, err := itself("try-reader", device)
	if err != nil {
		return []doctor.Step{{Name: doctor.StepOpen, Err: err.Error()}}
	}
	for _, s := range reader.SelfTestInChild(ctx, command) {
		found = append(found, doctor.Step(s))
	}
	return found
}

func tryPlatform(ctx context.Context, cfg *config, key uplink.Key) doctor.Platform {
	kept := time.Time{}
	if b, err := readFile(filepath.Join(cfg.station.stateDir, "clock")); err == nil {
		kept, _ = parseKept(string(b))
	}
	platform := uplink.NewPlatform(uplink.Config{
		Base: cfg.platform.base, Key: key, Roots: cfg.platform.roots,
		Clock: uplink.NewClock(time.Now, buildinfo.Time(), kept),
	})
	x := platform.Examine(ctx)
	p := doctor.Platform{
		Host: x.Host, Port: x.Port, Addresses: x.Addresses,
		DNS: said(x.DNS), TCP: said(x.TCP), TLS: said(x.TLS), TLSClock: x.Clock, TLSLost: x.Lost,
		Plain: cfg.platform.base.Scheme == "http", Expires: x.Expires,
		HTTP: said(x.HTTP), Status: x.Status,
	}
	if !x.Date.IsZero() {
		p.Dated, p.Skew = true, time.Since(x.Date)
	}
	return p
}

// said is an error in one line, or nothing.
func said(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

func free(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

var errClockState = errors.New("the kernel does not tell the clock's state")

func synchronised() (bool, error) {
	state, err := unix.Adjtimex(&unix.Timex{})
	if err != nil {
		return false, errClockState
	}
	return state != unix.TIME_ERROR, nil
}
