// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/scan"
)

// checkLamps checks every lamp's line or file, and who else holds it.
func checkLamps(e *examination) (found []Finding) {
	for _, lamp := range e.Config.Lamps {
		check := "lamp " + lamp.Name
		file, isFile := strings.CutPrefix(lamp.Line, "file:")

		var f Finding
		switch {
		case lamp.Line == "":
			f = skipped(check, "no such lamp")
		case isFile:
			f = e.fileLamp(check, file)
		default:
			f = e.gpioLamp(check, lamp)
		}
		if f.Result == Wrong {
			f.Code = scan.ServiceLamps
		}
		found = append(found, f)
	}
	return found
}

// currentTrigger is the word in brackets of "none [mmc0] timer".
var currentTrigger = lazyregexp.New(`\[([^\]]+)\]`)

// fileLamp checks a lamp that is a file: an LED of the kernel, or any other.
func (e *examination) fileLamp(check, file string) Finding {
	dir := path.Dir(file)
	led, isLED := strings.CutPrefix(dir, "/sys/class/leds/")
	if !exists(e.Root, dir) {
		mend := "sudo mkdir -p " + dir
		if isLED {
			mend = e.inConfig("leds", " one of: ls /sys/class/leds")
		}
		return wrong(check, dir+" is not there", mend)
	}

	// A trigger is what the kernel shows on an LED by itself, such as card accesses.
	trigger := currentTrigger().FindStringSubmatch(text(e.Root, dir+"/trigger"))
	if isLED && trigger != nil && trigger[1] != "none" {
		rule := fmt.Sprintf(`echo 'SUBSYSTEM=="leds", KERNEL=="%s", ATTR{trigger}="none"'`, led)
		return wrong(check, fmt.Sprintf("the kernel blinks %s itself, for %s", led, trigger[1]),
			"echo none | sudo tee "+dir+"/trigger", rule+appendUdevRule)
	}

	// A file that is not there yet is made, which the directory has to allow.
	info, err := fs.Stat(e.Root, rooted(file))
	if err != nil {
		info, err = fs.Stat(e.Root, rooted(dir))
		file = dir
	}
	if err == nil && e.user.may(info, write) {
		return fine(check, file+" can be written")
	}

	found := fmt.Sprintf("%s may not write %s", e.user.name, file)
	if !isLED {
		return wrong(check, found, fmt.Sprintf("sudo chown %s %s", e.user.name, file))
	}
	rule := fmt.Sprintf(`echo 'SUBSYSTEM=="leds", KERNEL=="%s", `+
		`RUN+="/bin/chgrp gpio %s", RUN+="/bin/chmod g+w %s"'`, led, file, file)
	return wrong(check, found, rule+appendUdevRule,
		"sudo udevadm control --reload && sudo udevadm trigger --action=add "+dir, restart)
}

// busLines are the header's GPIO lines that a bus needs while it is in use.
var busLines = map[busKind]struct {
	lines []int
	bus   string
}{
	busUART: {[]int{14, 15}, "the UART"},
	busI2C:  {[]int{2, 3}, "I2C"},
	busSPI:  {[]int{7, 8, 9, 10, 11}, "SPI"},
}

// gpioLamp checks a lamp on a GPIO line.
func (e *examination) gpioLamp(check string, lamp LampLine) Finding {
	moveIt := e.inConfig("leds",
		fmt.Sprintf(` another line and move the wire: %s = "GPIO17", or 22, 23, 24, 25, 27`, lamp.Name))
	number := gpioNumber(lamp.Line)

	// Who holds the line comes last: on a line that the reader needs, or may not be opened, it does not matter.
	if use := busLines[e.port.bus]; slices.Contains(use.lines, number) {
		return wrong(check, fmt.Sprintf("%s belongs to %s, which the reader is on", lamp.Line, use.bus), moveIt)
	}
	if f, isWrong := e.gpioDenied(check); isWrong {
		return f
	}
	if e.Probes.Line == nil {
		return skipped(check, lamp.Line+" was not looked up")
	}

	consumer, err := e.Probes.Line(lamp.Line)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return skipped(check, fmt.Sprintf("only root can see who holds %s: sudo tagbase-edge doctor", lamp.Line))
	case err != nil:
		return wrong(check, err.Error(), "sudo apt install gpiod && gpioinfo", moveIt)
	case consumer == "":
		return e.advised(fine(check, lamp.Line+" is free"), number)
	case strings.HasPrefix(consumer, self):
		return e.advised(fine(check, fmt.Sprintf("%s is held by the daemon (%s)", lamp.Line, consumer)), number)
	default:
		mend := e.overlayOff(number)
		if mend == nil {
			mend = []string{"stop the program that calls itself " + strconv.Quote(consumer), moveIt}
		}
		return wrong(check, fmt.Sprintf("%s is held by %q", lamp.Line, consumer), mend...)
	}
}

// gpioNumber is the number in a line's name such as "GPIO17", or -1.
func gpioNumber(line string) int {
	digits, ok := strings.CutPrefix(line, "GPIO")
	if !ok {
		return -1
	}
	number, _ := strconv.Atoi(digits)
	return number
}

// overlayOff makes a line free that an overlay of config.txt takes. It is nil if none does.
func (e *examination) overlayOff(number int) []string {
	for _, s := range e.machine.config.settings {
		if !s.applies || s.key != "dtoverlay" {
			continue
		}
		for p := range strings.SplitSeq(s.value, ",") {
			name, value, _ := strings.Cut(p, "=")

			// w1-gpio takes GPIO4 without a parameter that says so.
			if strings.Contains(name, "gpio") && value == strconv.Itoa(number) || p == "w1-gpio" && number == 4 {
				return []string{fmt.Sprintf("sudo sed -i '%ds/^/#/' %s", s.line, s.file), reboot}
			}
		}
	}
	return nil
}

// advised adds what would be safer: a line that is high, or pulled up, while nobody drives it lights a lamp that
// nobody lit. The BCM2835's data sheet, 6.2, has the pulls after a reset: GPIO0 to GPIO8 are high.
func (e *examination) advised(f Finding, number int) Finding {
	if e.Config.ActiveLow {
		f.Better = append(f.Better,
			"wire the lamps active-high and leave leds.active_low out: an active-low lamp flashes at the start")
	}
	if number >= 0 && number <= 8 {
		f.Better = append(f.Better,
			fmt.Sprintf("GPIO%d is pulled up while nobody drives it; GPIO9 to GPIO27 are pulled down", number))
	}
	return f
}

// gpioDenied finds that the machine has no GPIO lines, or that the daemon's user may not have them.
func (e *examination) gpioDenied(check string) (Finding, bool) {
	chips := 0
	for _, name := range names(e.Root, "/dev") {
		if !strings.HasPrefix(name, "gpiochip") {
			continue
		}
		chips++

		chip := "/dev/" + name
		info, err := fs.Stat(e.Root, rooted(chip))
		if err == nil && !e.user.may(info, read|write) {
			return e.chipDenied(check, chip, info), true
		}
	}

	if chips == 0 {
		instead := ` a kernel LED, "file:/sys/class/leds/NAME/brightness", or leave the lamp empty`
		return wrong(check, "this machine has no GPIO chip", e.inConfig("leds", instead)), true
	}
	return Finding{}, false
}

// chipDenied says how the daemon's user gets a GPIO chip.
func (e *examination) chipDenied(check, chip string, info fs.FileInfo) Finding {
	_, gid := owner(info)
	user, group := e.user.name, groupName(e.Root, gid)
	found := fmt.Sprintf("%s may not read and write %s (%s, group %s)", user, chip, info.Mode().Perm(), group)

	// Raspberry Pi OS gives the chips to a group; plain Debian leaves them to root.
	if groupMay(info, read|write) {
		return wrong(check, found, fmt.Sprintf("sudo usermod -aG %s %s", group, user), restart)
	}
	return wrong(check, found,
		`echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"'`+appendUdevRule,
		fmt.Sprintf("sudo groupadd -f -r gpio && sudo usermod -aG gpio %s", user),
		"sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=gpio", restart)
}
