// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/scan"
)

// Status is how the station is. What it does not know of itself is left out: the
// program's version and runs, the reader's name, the platform's address. It waits for
// no tap, no disk and no network.
func (s *Station) Status() api.Status {
	code := s.services.code()
	reader, storage := s.now.Load(), s.storage()
	contact, met := s.Platform.Contact()
	trouble := s.Platform.Trouble()
	st := api.Status{
		Station:     s.Name,
		ServiceCode: int(code),
		Service:     code.String(),
		Mend:        code.Mend(),
		Words:       s.Words(),
		Lamps:       lampsOf(s.Lamps),
		Platform:    api.Platform{Up: trouble == "", Met: met, Trouble: string(trouble), Breaker: s.Platform.Breaker()},
		Key:         api.Key{ID: s.Platform.Key().String(), Refused: s.Platform.KeyRefused()},
		Clock:       s.clock(),
		Storage:     storage,
		Sessions:    api.Sessions{Active: s.liveSessions()},
		Scans:       s.Feed.Scans(),
		Figures:     s.figures(),
	}
	if met {
		st.Platform.ContactMS = contact.Milliseconds()
	}
	if reader != nil {
		st.Reader = *reader
	}
	if late := s.Progress.Late(); len(late) > 0 {
		st.Note = "stuck: " + strings.Join(late, ", ")
	}
	st.OK = code == scan.ServiceNone && st.Reader.Up && !st.Key.Refused && st.Clock.Good() && st.Note == ""
	return st
}

func (s *Station) clock() api.Clock {
	now := s.Wall()
	c := api.Clock{Time: now.UTC().Truncate(time.Millisecond), Synced: clockSynced()}
	if date, ok := s.Platform.Date(); ok {
		ahead := now.Sub(date).Milliseconds()
		c.AheadMS = &ahead
	}
	return c
}

func (s *Station) storage() api.Storage {
	counts := s.Journal.Counts()
	st := api.Storage{Held: counts.Held, Lost: counts.Lost, Skipped: counts.Skipped}
	if err := s.Journal.Err(); err != nil {
		st.Error = err.Error()
	}
	return st
}

func (s *Station) liveSessions() int {
	s.sessions.Lock()
	defer s.sessions.Unlock()
	return s.Sessions.Live(sinceBoot())
}

func (s *Station) figures() api.Figures {
	counts := s.Platform.Counts()
	return api.Figures{
		Requests:    counts.Requests,
		Resends:     counts.Resends,
		ReaderQuiet: s.Progress.Silent(LoopReader),
		JournalErrs: s.Journal.Failures(),
		LampErrs:    s.Lamps.Failures(),
		Late:        s.Progress.Lates(),
	}
}

func lampsOf(l *led.Lamps) api.Lamps {
	v, _ := l.State()
	return api.Lamps{Green: lampView(v.Green), Red: lampView(v.Red), Amber: lampView(v.Amber)}
}

func lampView(v led.LampState) api.Lamp {
	lamp := api.Lamp{Wired: v.Wired, Lit: v.Lit}
	if v.Err != nil {
		lamp.Error = v.Err.Error()
	}
	return lamp
}

// tellLamps hands on what is lit until ctx ends.
func (s *Station) tellLamps(ctx context.Context) {
	for {
		v, change := s.Lamps.State()
		s.Feed.Lamps(api.Lit{Green: v.Green.Lit, Red: v.Red.Lit, Amber: v.Amber.Lit})
		select {
		case <-ctx.Done():
			return
		case <-change:
		}
	}
}

// TestLamps walks the lamps until ctx ends, and tells each step. A tap ends it:
// api.ErrTap. While one is shown it does not begin: api.ErrBusy.
func (s *Station) TestLamps(ctx context.Context, tell func(step string)) error {
	err := s.Lamps.Test(ctx, tell)
	switch {
	case errors.Is(err, led.ErrBusy):
		return api.ErrBusy
	case errors.Is(err, led.ErrInterrupted):
		return api.ErrTap
	case err != nil:
		return err
	default:
		return s.Lamps.Err()
	}
}
