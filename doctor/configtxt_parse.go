// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A bootFile is config.txt with the files that it includes (Raspberry Pi documentation, "config.txt").
type bootFile struct {
	file     string
	settings []bootSetting // in the order in which the firmware reads them
}

// A bootSetting is one line, such as dtparam=spi=on.
type bootSetting struct {
	key, value string
	file       string
	line       int    // from 1 on
	section    string // the conditional filter that it stands under; empty is [all]
	applies    bool   // that filter holds for this board
}

// maxIncludes bounds how deep files include each other: a file that includes itself must end.
const maxIncludes = 8

func readBootFile(root fs.FS, file, model string) bootFile {
	b := bootFile{file: file}
	b.read(root, file, model, 0)
	return b
}

func (b *bootFile) read(root fs.FS, file, model string, depth int) {
	section, applies := "", true
	for i, line := range lines(root, file) {
		line = strings.TrimSpace(line)

		if name, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(name, "]")
			section = strings.ToLower(strings.TrimSpace(section))
			applies = filterHolds(section, model)
			if section == "all" {
				section = ""
			}
			continue
		}

		if name, ok := strings.CutPrefix(line, "include "); ok && applies && depth < maxIncludes {
			b.read(root, path.Join(path.Dir(b.file), strings.TrimSpace(name)), model, depth+1)
			continue
		}

		// A comment begins with # and so gives a key that nobody asks for.
		if key, value, ok := strings.Cut(line, "="); ok {
			b.settings = append(b.settings, bootSetting{
				key: strings.TrimSpace(key), value: strings.TrimSpace(value),
				file: file, line: i + 1, section: section, applies: applies,
			})
		}
	}
}

// filters are the model filters and the models that they hold for, each the beginning of a name in the device tree
// behind "Raspberry Pi ".
var filters = map[string][]string{
	"pi0": {"Zero"}, "pi0w": {"Zero W"}, "pi02": {"Zero 2"},
	"pi1": {"Model", "Compute Module Rev"}, "pi2": {"2"},
	"pi3": {"3", "Compute Module 3"}, "pi3+": {"3 Model A Plus", "3 Model B Plus"},
	"pi4": {"4", "Compute Module 4"}, "pi400": {"400"}, "cm4": {"Compute Module 4 "}, "cm4s": {"Compute Module 4S"},
	"pi5": {"5", "Compute Module 5"}, "pi500": {"500"}, "cm5": {"Compute Module 5"},
}

// filterHolds tells whether the lines under a filter apply to a model. A filter that asks for what the doctor cannot
// know, such as a screen or a serial number, does not hold.
func filterHolds(section, model string) bool {
	if section == "all" {
		return true
	}
	name := strings.TrimPrefix(model, "Raspberry Pi ")
	return slices.ContainsFunc(filters[section], func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// last returns the last setting of a key among those that apply, or among those that do not.
func (b bootFile) last(key string, applies bool) (s bootSetting, ok bool) {
	for _, s := range slices.Backward(b.settings) {
		if s.key == key && s.applies == applies {
			return s, true
		}
	}
	return bootSetting{}, false
}

// value returns what a key is set to on this board, or "".
func (b bootFile) value(key string) string {
	s, _ := b.last(key, true)
	return s.value
}

// overlay tells whether one of these overlays is loaded on this board.
func (b bootFile) overlay(names ...string) bool {
	return slices.ContainsFunc(b.settings, func(s bootSetting) bool {
		return s.applies && s.loads(names...)
	})
}

// loads tells whether a line loads one of these overlays: dtoverlay=NAME,PARAMETER=VALUE.
func (s bootSetting) loads(names ...string) bool {
	name, _, _ := strings.Cut(s.value, ",")
	return s.key == "dtoverlay" && slices.Contains(names, name)
}

// param tells whether a parameter of the base device tree, under any of its names, is on. The last line decides.
func (b bootFile) param(names ...string) (on bool) {
	for _, s := range b.settings {
		if v, ok := s.param(names...); ok && s.applies {
			on = v
		}
	}
	return on
}

// param tells whether a line sets the parameter (ok), and to what. A name without a value switches it on.
func (s bootSetting) param(names ...string) (on, ok bool) {
	if s.key != "dtparam" {
		return false, false
	}
	for p := range strings.SplitSeq(s.value, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if slices.Contains(names, name) {
			on, ok = !slices.Contains([]string{"off", "0", "no", "false"}, value), true
		}
	}
	return on, ok
}
