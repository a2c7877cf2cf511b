// SPDX-License-Identifier: Apache-2.0

package station

import (
	"github.com/tagbase/tagbase-edge/scan"
	"go.uber.org/zap/zapcore"
)

// A scanLine is a finished scan in the log. It has no time: the log line has one of its own.
type scanLine scan.Record

// MarshalLogObject writes the fields under the names of `scans --json`, without reflection.
func (l scanLine) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddUint64("seq", l.Seq)
	e.AddString("station", l.Station)
	e.AddString("outcome", string(l.Outcome))
	e.AddString("reason", string(l.Reason))
	e.AddString("tag", l.Tag)
	e.AddString("uid", l.UID)
	e.AddString("chip", l.Chip)
	e.AddString("carried_session", l.CarriedSession)
	e.AddString("session", l.Session)
	e.AddString("verification", l.Verification)
	e.AddInt("http_status", l.HTTPStatus)
	e.AddFloat64("read_ms", l.ReadMS)
	e.AddFloat64("connect_ms", l.ConnectMS)
	e.AddFloat64("answer_ms", l.AnswerMS)
	e.AddFloat64("total_ms", l.TotalMS)

	return nil
}
