// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/station"
	"go.uber.org/zap"
)

// An answering is what the daemon answers on its socket and its page.
type answering struct {
	cfg     *config
	station *station.Station
	log     *zap.Logger
	note    *atomic.Value // string, of say
}

// born is when the daemon started; a reload is no start.
var born = time.Now()

// serve answers until ctx ends. Whatever fails here is told and tried again: a station
// judges taps without it.
func (a *answering) serve(ctx context.Context) {
	answers := api.New(api.Source{
		Status: a.status,
		Late:   a.station.Progress.Late,
		Feed:   a.station.Feed,
		Walk:   a.testLamps,
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.keep(ctx, "socket", a.cfg.station.socket, answers.Socket(), api.Listen)
	}()
	if p := a.cfg.page; p.listen != "" {
		host, _ := os.Hostname()
		a.keep(ctx, "page", p.listen, answers.Page(api.Page{Listen: p.listen, Token: p.token, Host: host}), api.ListenPage)
	}
	<-ended
}

const listenAgain = 10 * time.Second

// keep listens and answers, again and again, until ctx ends.
func (a *answering) keep(ctx context.Context, what, address string, h http.Handler, listen func(string) (net.Listener, error)) {
	for told := false; ctx.Err() == nil; {
		l, err := listen(address)
		if err == nil {
			a.log.Info(what, zap.String("address", l.Addr().String()))
			told = false
			err = api.Serve(ctx, l, h)
		}
		if err != nil && !told {
			a.log.Error(what, zap.String("address", address), zap.Error(err))
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// status is the station's, with what the station does not know of itself.
func (a *answering) status() api.Status {
	s := a.station.Status()
	s.Version, s.Reader.Device, s.Platform.URL = buildinfo.Version(), a.cfg.reader.device, a.cfg.platform.base.String()
	s.Started, s.UptimeMS, s.Restarts = born.UTC().Truncate(time.Millisecond), time.Since(born).Milliseconds(), int(restarts.Load())
	if note, _ := a.note.Load().(string); note != "" {
		s.Note, s.OK = strings.TrimPrefix(s.Note+note, "; "), false
	}
	return s
}

// testLamps says who has the lamps tested, and how that ended.
func (a *answering) testLamps(ctx context.Context, tell func(step string)) error {
	peer := api.PeerOf(ctx)
	who := []zap.Field{zap.Int("uid", peer.UID), zap.Int("pid", peer.PID)}
	a.log.Info("leds test", who...)
	err := a.station.TestLamps(ctx, tell)
	switch {
	case err == nil:
		a.log.Info("leds test ended", who...)
	case errors.Is(err, context.Canceled):
		a.log.Info("leds test left", who...)
	default:
		a.log.Info("leds test ended", append(who, zap.Error(err))...)
	}
	return err
}
