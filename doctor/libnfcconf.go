// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

const (
	libnfcConf    = "/etc/nfc/libnfc.conf"
	libnfcDevices = "/etc/nfc/devices.d/"
	maxDevices    = 4 // libnfc 1.8.0, MAX_USER_DEFINED_DEVICES
)

// conf.c of libnfc 1.8.0: what does not match is told at debug level only.
var libnfcLine = lazyregexp.New(`^\s*([[:alnum:]_.]+)\s*=\s*("(.+)"|([^\s]+))\s*$`)

var (
	mainKeys   = []string{"allow_autoscan", "allow_intrusive_scan", "log_level", "device.name", "device.connstring", "device.optional"}
	deviceKeys = []string{"name", "connstring", "optional"}
)

// libnfcFiles reads libnfc's own configuration. The daemon does without it, but
// nfc-list and its kind do not, and one of them beside the daemon spoils both.
func libnfcFiles(e *exam) []Finding {
	const check = "libnfc"
	if e.port.bus == busSimulated {
		return []Finding{skipped(check, "the reader is simulated")}
	}
	files := []string{libnfcConf}
	for _, name := range names(e.Root, libnfcDevices) {
		if strings.HasSuffix(name, ".conf") {
			files = append(files, libnfcDevices+name)
		}
	}
	var found []Finding
	devices := 0
	for _, file := range files {
		for i, line := range lines(e.Root, file) {
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			at := fmt.Sprintf("%s:%d", file, i+1)
			f, ok := libnfcProblem(check, file, line, i+1, at)
			if ok {
				found = append(found, f)
			}
			if m := libnfcLine().FindStringSubmatch(line); m != nil && strings.TrimPrefix(m[1], "device.") == "connstring" {
				devices++
			}
		}
	}
	if devices > maxDevices {
		found = append(found, wrong(check, fmt.Sprintf("%d devices are defined below /etc/nfc, and libnfc takes %d", devices, maxDevices),
			"delete those that are not there: ls "+libnfcConf+" "+libnfcDevices))
	}
	return orFine(found, check, "nothing in /etc/nfc is in the way")
}

// libnfcProblem is what is wrong with one line, if anything is.
func libnfcProblem(check, file, line string, number int, at string) (Finding, bool) {
	remove := fmt.Sprintf("sudo sed -i '%dd' %s", number, file)
	m := libnfcLine().FindStringSubmatch(line)
	if m == nil {
		return wrong(check, at+": libnfc cannot read this line and does not say so", remove), true
	}
	key, value := m[1], m[3]+m[4]
	keys, inDevices := mainKeys, file != libnfcConf
	if inDevices {
		keys = deviceKeys
	}
	level, _ := strconv.Atoi(value)
	switch plain, prefixed := strings.CutPrefix(key, "device."); {
	case inDevices && prefixed && slices.Contains(deviceKeys, plain):
		return wrong(check, fmt.Sprintf("%s: in devices.d the key is %s; %s is ignored there", at, plain, key),
			fmt.Sprintf(`sudo sed -i '%ds/device\.//' %s`, number, file)), true
	case !inDevices && slices.Contains(deviceKeys, key):
		return wrong(check, fmt.Sprintf("%s: in libnfc.conf the key is device.%s; %s is ignored there", at, key, key),
			fmt.Sprintf(`sudo sed -i '%ds/%s/device.%s/' %s`, number, key, key, file)), true
	case !slices.Contains(keys, key):
		return wrong(check, fmt.Sprintf("%s: libnfc knows no key %s and does not say so", at, key), remove), true
	case key == "allow_intrusive_scan" && value == "true":
		return wrong(check, at+": allow_intrusive_scan = true has nfc-list and its kind talk to every serial port and I2C bus, whatever is on it",
			fmt.Sprintf("sudo sed -i '%ds/true/false/' %s", number, file)), true
	case key == "log_level" && level >= 3:
		return wrong(check, fmt.Sprintf("%s: log_level = %d writes every tap URL, proof and all, into logs", at, level),
			fmt.Sprintf("sudo sed -i '%ds/%d/1/' %s", number, level, file)), true
	}
	return Finding{}, false
}
