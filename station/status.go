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

// Status returns the state of all parts of the station, at once: it waits for no tap, no disk and no
// network. The daemon adds what the station does not know: the program's version and start, the
// reader's name and the platform's address.
func (s *Station) Status() api.Status {
	code := s.services.code()
	reader, storage := s.readerView.Load(), s.storage()
	contact, met := s.Platform.Contact()
	trouble := s.Platform.Trouble()

	st := api.Status{
		Station:     s.Name,
		ServiceCode: int(code),
		Service:     code.String(),
		Mend:        code.Mend(),
		Words:       s.StatusText(),
		Lamps:       lampsOf(s.Lamps),
		Platform: api.PlatformStatus{
			Up:      trouble == "",
			Met:     met,
			Trouble: string(trouble),
			Breaker: s.Platform.BreakerOpen(),
		},
		Key:      api.KeyStatus{ID: s.Platform.Key().String(), Refused: s.Platform.KeyRefused()},
		Clock:    s.clock(),
		Storage:  storage,
		Sessions: api.SessionsStatus{Active: s.liveSessions()},
		Scans:    s.Feed.Scans(),
		Figures:  s.figures(),
	}
	if met {
		st.Platform.ContactMS = contact.Milliseconds()
	}
	if reader != nil {
		st.Reader = *reader
		st.Reader.HaltFails = s.readerView.haltFails.Load()
		st.Reader.RestingMS = s.readerView.resting().Milliseconds()
	}

	if late := s.Progress.Late(); len(late) > 0 {
		st.Note = "stuck: " + strings.Join(late, ", ")
	}

	st.OK = code == scan.ServiceNone && st.Reader.Up && !st.Reader.Blocked() && !st.Key.Refused &&
		st.Clock.Good() && st.Note == ""

	return st
}

// clock compares the board's wall clock with the platform's.
func (s *Station) clock() api.ClockStatus {
	now := s.Wall()
	c := api.ClockStatus{Time: now.UTC().Truncate(time.Millisecond), Synced: clockSynced()}
	if date, ok := s.Platform.Date(); ok {
		ahead := now.Sub(date).Milliseconds()
		c.AheadMS = &ahead
	}

	return c
}

// storage says whether the journal's disk takes lines, and how many were lost.
func (s *Station) storage() api.StorageStatus {
	counts := s.Journal.Counts()
	st := api.StorageStatus{Held: counts.Held, Lost: counts.Lost, Skipped: counts.Skipped}
	if err := s.Journal.Err(); err != nil {
		st.Error = err.Error()
	}

	return st
}

// liveSessions is how many sessions a scan would carry now.
func (s *Station) liveSessions() int {
	s.sessionsMu.Lock()
	defer s.sessionsMu.Unlock()

	return s.Sessions.Live(sinceBoot())
}

// figures are what only metrics show.
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

// lampsOf is the three lamps as status shows them.
func lampsOf(l *led.Lamps) api.LampsStatus {
	v, _ := l.State()
	return api.LampsStatus{Green: lampView(v.Green), Red: lampView(v.Red), Amber: lampView(v.Amber)}
}

func lampView(v led.LampState) api.LampStatus {
	lamp := api.LampStatus{Wired: v.Wired, Lit: v.Lit}
	if v.Err != nil {
		lamp.Error = v.Err.Error()
	}

	return lamp
}

// tellLamps tells listeners what is lit, at each change, until ctx ends.
func (s *Station) tellLamps(ctx context.Context) {
	for {
		v, change := s.Lamps.State()
		s.Feed.Lamps(api.LampsLit{Green: v.Green.Lit, Red: v.Red.Lit, Amber: v.Amber.Lit})

		// change is closed at the first change after State: listeners always get the newest state.
		select {
		case <-ctx.Done():
			return
		case <-change:
		}
	}
}

// TestLamps shows each lamp and each pattern, and calls tell as each step begins, until ctx ends. A
// tap ends the test: api.ErrTap. It does not begin while a tap is being shown: api.ErrBusy.
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
