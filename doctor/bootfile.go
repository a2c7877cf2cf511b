// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A bootFile is config.txt with what it includes (Raspberry Pi documentation, "config.txt").
type bootFile struct {
	file     string
	settings []bootSetting
}

// A bootSetting is one line, such as dtparam=spi=on.
type bootSetting struct {
	key, value string
	file       string
	line       int
	section    string // the conditional filter that it stands under; empty is [all]
	counts     bool   // on this board
}

func readBootFile(root fs.FS, file, model string) bootFile {
	b := bootFile{file: file}
	b.read(root, file, model, 0)
	return b
}

const maxIncludes = 8

func (b *bootFile) read(root fs.FS, file, model string, depth int) {
	section, counts := "", true
	for i, line := range lines(root, file) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section, _, _ = strings.Cut(name, "]")
			section = strings.ToLower(strings.TrimSpace(section))
			counts = filterHolds(section, model)
			if section == "all" {
				section = ""
			}
			continue
		}
		if name, ok := strings.CutPrefix(line, "include "); ok && counts && depth < maxIncludes {
			b.read(root, path.Join(path.Dir(b.file), strings.TrimSpace(name)), model, depth+1)
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		b.settings = append(b.settings, bootSetting{
			key: strings.TrimSpace(key), value: strings.TrimSpace(value),
			file: file, line: i + 1, section: section, counts: counts,
		})
	}
}

// filters are the model filters and the models that they hold for, each the
// beginning of a name in the device tree.
var filters = map[string][]string{
	"pi0": {"Zero"}, "pi0w": {"Zero W"}, "pi02": {"Zero 2"},
	"pi1": {"Model", "Compute Module Rev"}, "pi2": {"2"},
	"pi3": {"3", "Compute Module 3"}, "pi3+": {"3 Model A Plus", "3 Model B Plus"},
	"pi4": {"4", "Compute Module 4"}, "pi400": {"400"}, "cm4": {"Compute Module 4 "}, "cm4s": {"Compute Module 4S"},
	"pi5": {"5", "Compute Module 5"}, "pi500": {"500"}, "cm5": {"Compute Module 5"},
}

// filterHolds tells whether what stands under a filter counts. A filter that asks
// for what we cannot know, a screen or a serial number, does not.
func filterHolds(section, model string) bool {
	if section == "all" {
		return true
	}
	name := strings.TrimPrefix(model, "Raspberry Pi ")
	return slices.ContainsFunc(filters[section], func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// last is the setting of that key which has the last word, of those that count or of those that do not.
func (b bootFile) last(key string, counts bool) (s bootSetting, ok bool) {
	for _, s := range slices.Backward(b.settings) {
		if s.key == key && s.counts == counts {
			return s, true
		}
	}
	return bootSetting{}, false
}

// value is what a key has been given on this board.
func (b bootFile) value(key string) string {
	s, _ := b.last(key, true)
	return s.value
}

// overlay tells whether one of some overlays is loaded.
func (b bootFile) overlay(names ...string) bool {
	return slices.ContainsFunc(b.settings, func(s bootSetting) bool {
		return s.counts && s.loads(names...)
	})
}

func (s bootSetting) loads(names ...string) bool {
	name, _, _ := strings.Cut(s.value, ",")
	return s.key == "dtoverlay" && slices.Contains(names, name)
}

// param is whether a parameter of the base device tree is switched on; the last word counts.
func (b bootFile) param(names ...string) (on bool) {
	for _, s := range b.settings {
		if v, ok := s.param(names...); ok && s.counts {
			on = v
		}
	}
	return on
}

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
