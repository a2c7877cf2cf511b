// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/uplink"
)

// A setter takes one key's value into a Config and reports what is wrong with it. The problems'
// Key is left to the caller.
type setter func(value) []Problem

// keys is the table of every key that exists. configs/reference.toml explains them.
func (c *Config) keys() map[string]setter {
	return map[string]setter{
		"station.name":      text(&c.Station.Name, checkStationName),
		"station.state_dir": text(&c.Station.StateDir, checkAbsolute),
		"station.socket":    text(&c.Station.Socket, checkAbsolute),

		"reader.device":     text(&c.Reader.Device, reader.CheckConnstring),
		"reader.liveness":   text((*string)(&c.Reader.Liveness), checkLiveness),
		"reader.reset_gpio": text(&c.Reader.ResetGPIO, checkResetLine),

		"tags.entry_points": c.setEntryPoints,
		"tags.map_file":     text(&c.mapFile, c.loadMap),

		// The text itself is not kept.
		"platform.base_url": text(new(string), c.setBaseURL),
		"platform.key_file": text(&c.Platform.KeyFile, checkKeyFile),
		"platform.ca_file":  text(&c.caFile, c.loadRoots),
		"platform.timeout":  duration(&c.Platform.Timeout, time.Second, time.Minute),

		"session.window": duration(&c.Session.Window, time.Second, 24*time.Hour),
		"session.carry":  text((*string)(&c.Session.Carry), checkCarry),

		"leds.green":      text(&c.Lamps.Green, CheckLampLine),
		"leds.red":        text(&c.Lamps.Red, CheckLampLine),
		"leds.amber":      text(&c.Lamps.Amber, CheckLampLine),
		"leds.active_low": boolean(&c.Lamps.ActiveLow),

		"page.listen":     text(&c.Page.Listen, checkListen),
		"page.token_file": text(&c.tokenFile, c.loadToken),
	}
}

// Keys returns every key, dotted, in alphabetical order.
func Keys() []string { return slices.Sorted(maps.Keys(Default("").keys())) }

func tableNames() (names []string) {
	for _, key := range Keys() {
		table, _, _ := strings.Cut(key, ".")
		names = append(names, table)
	}
	return slices.Compact(names)
}

// text is a setter for a string.
func text(to *string, check func(string) error) setter {
	return func(v value) []Problem {
		if v.kind != unstable.String {
			return v.at.wrong(fmt.Errorf("is %s; write a text in quotes", kindName(v.kind)))
		}

		// Stored even if the check refuses it: the doctor examines what is there.
		*to = v.text
		return v.at.wrong(check(v.text))
	}
}

func boolean(to *bool) setter {
	return func(v value) []Problem {
		if v.kind != unstable.Bool {
			return v.at.wrong(fmt.Errorf("is %s; write true or false, without quotes", kindName(v.kind)))
		}
		*to = v.text == "true"
		return nil
	}
}

// duration is a setter for a duration from least to most, both included.
func duration(to *time.Duration, least, most time.Duration) setter {
	return func(v value) []Problem {
		// A number without a unit is refused: it could be seconds or milliseconds.
		d, err := time.ParseDuration(v.text)
		if v.kind != unstable.String || err != nil {
			return v.at.wrong(errors.New(
				`is not a duration; write a number and a unit in quotes, such as "8s" or "10m"`))
		}
		if d < least || d > most {
			return v.at.wrong(fmt.Errorf("%.80q is out of range; write %s to %s", v.text, short(least), short(most)))
		}
		*to = d
		return nil
	}
}

// short writes 10m where time.Duration writes 10m0s.
func short(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a text in quotes"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer, unstable.Float:
		return "a number"
	case unstable.Array:
		return "an array"
	default:
		return "a date"
	}
}

func (c *Config) setEntryPoints(v value) (problems []Problem) {
	if v.kind != unstable.Array {
		return v.at.wrong(errors.New(`is not an array; write URLs in brackets, such as ["https://tap.example.com/"]`))
	}
	if len(v.items) == 0 {
		return v.at.wrong(errors.New(
			`is empty; name the beginning of your tags' URLs, such as ["https://tap.example.com/"]`))
	}

	// One bad entry does not hide the next one.
	for _, item := range v.items {
		if item.kind != unstable.String {
			problems = append(problems,
				item.at.wrong(fmt.Errorf("holds %s; write URLs in quotes", kindName(item.kind)))...)
			continue
		}

		e, err := uplink.ParseEntryPoint(item.text)
		if err != nil {
			problems = append(problems,
				item.at.wrong(fmt.Errorf(`%w; write it as "https://tap.example.com/"`, err))...)
			continue
		}
		c.Tags.EntryPoints = append(c.Tags.EntryPoints, e)
	}
	return problems
}
