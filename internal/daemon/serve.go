// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/station"
	"go.uber.org/zap"
)

// A server answers on the daemon's socket and its page.
type server struct {
	daemon  *daemon
	config  *config.Config
	station *station.Station
	note    *atomic.Value // string, set by reportStatus
}

// serve answers until ctx ends. What fails here is logged and tried again: a station works on
// taps without it.
func (s *server) serve(ctx context.Context) {
	answers := api.New(api.Source{
		Status:    s.status,
		Late:      s.daemon.progress.Late,
		Feed:      s.station.Feed,
		TestLamps: s.testLamps,
	})

	// Both loops end with ctx.
	var loops sync.WaitGroup
	loops.Go(func() {
		s.listen(ctx, "socket", s.config.Station.Socket, answers.Socket(), api.Listen)
	})
	if p := s.config.Page; p.Listen != "" {
		host, _ := os.Hostname() // one of the names under which a browser may ask for the page
		page := answers.Page(api.Page{Listen: p.Listen, Token: p.Token, Host: host})
		loops.Go(func() { s.listen(ctx, "page", p.Listen, page, api.ListenPage) })
	}
	loops.Wait()
}

// listenAgain is the pause after a socket or page failed: an address may not be up yet at boot.
const listenAgain = 10 * time.Second

// listen listens and answers, again and again, until ctx ends.
func (s *server) listen(
	ctx context.Context, what, address string, h http.Handler, open func(string) (net.Listener, error),
) {
	for logged := false; ctx.Err() == nil; {
		l, err := open(address)
		if err == nil {
			s.daemon.log.Info(what, zap.String("address", l.Addr().String()))
			logged = false
			err = api.Serve(ctx, l, h)
		}
		if err != nil && !logged {
			s.daemon.log.Error(what, zap.String("address", address), zap.Error(err))
			logged = true
		}

		// Shutdown does not wait for the end of the pause.
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// status is the station's, with what only the daemon knows.
func (s *server) status() api.Status {
	now := s.station.Status()
	now.Version = buildinfo.Version()
	now.Reader.Device = s.config.Reader.Device
	now.Platform.URL = s.config.Platform.BaseURL.String()
	now.Started = s.daemon.started.UTC().Truncate(time.Millisecond)
	now.UptimeMS = time.Since(s.daemon.started).Milliseconds()
	if note, _ := s.note.Load().(string); note != "" {
		now.Note, now.OK = strings.TrimPrefix(now.Note+note, "; "), false
	}
	return now
}

// testLamps logs who has the lamps tested, and how that ended.
func (s *server) testLamps(ctx context.Context, tell func(step string)) error {
	peer := api.PeerOf(ctx)
	who := []zap.Field{zap.Int("uid", peer.UID), zap.Int("pid", peer.PID)}
	s.daemon.log.Info("leds test", who...)

	err := s.station.TestLamps(ctx, tell)
	switch {
	case err == nil:
		s.daemon.log.Info("leds test ended", who...)
	case errors.Is(err, context.Canceled):
		s.daemon.log.Info("leds test left", who...) // by the command that asked for it
	default:
		s.daemon.log.Info("leds test ended", append(who, zap.Error(err))...)
	}
	return err
}
