// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap/zapcore"
)

// Outcomes of a scan that never came to be posted; the others are the uplink's.
const (
	foreign    = "foreign"    // a tag, but not one of ours
	unreadable = "unreadable" // no URL could be read
	dropped    = "dropped"    // too many taps at once
)

// signals is what the lamps show for each outcome.
var signals = map[string]led.Signal{
	string(uplink.Pending): led.Pending,
	string(uplink.Valid):   led.Valid,
	string(uplink.Invalid): led.Invalid,
	string(uplink.Unknown): led.Again,
	string(uplink.NotSent): led.Again,
	string(uplink.Refused): led.Refused,
	foreign:                led.Refused,
	unreadable:             led.Again,
	dropped:                led.Dark,
}

var foreignReasons = map[error]string{
	uplink.ErrEntryPoint: "entry_point",
	uplink.ErrTagID:      "tag_id",
	uplink.ErrParameters: "parameters",
}

// A Record is one finished scan. Durations are in milliseconds.
type Record struct {
	Seq            uint64
	Station        string
	Outcome        string
	Reason         string
	Tag            string
	UID            string
	Chip           string
	CarriedSession string
	Session        string
	Verification   string
	HTTPStatus     int
	ReadMS         float64 // field entered to URL read
	ConnectMS      float64 // dialling, TLS included
	AnswerMS       float64 // connected to answered
	TotalMS        float64 // field entered to outcome
}

// MarshalLogObject writes the fields of a finished scan; the time is the line's own.
func (r Record) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddUint64("seq", r.Seq)
	e.AddString("station", r.Station)
	e.AddString("outcome", r.Outcome)
	e.AddString("reason", r.Reason)
	e.AddString("tag", r.Tag)
	e.AddString("uid", r.UID)
	e.AddString("chip", r.Chip)
	e.AddString("carried_session", r.CarriedSession)
	e.AddString("session", r.Session)
	e.AddString("verification", r.Verification)
	e.AddInt("http_status", r.HTTPStatus)
	e.AddFloat64("read_ms", r.ReadMS)
	e.AddFloat64("connect_ms", r.ConnectMS)
	e.AddFloat64("answer_ms", r.AnswerMS)
	e.AddFloat64("total_ms", r.TotalMS)
	return nil
}

// milliseconds keeps tenths.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond).Microseconds()) / 1000
}
