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
)

// lamps checks each lamp's line, and who else has it.
func lamps(e *exam) (found []Finding) {
	for _, lamp := range e.Config.Lamps {
		check := "lamp " + lamp.Name
		file, isFile := strings.CutPrefix(lamp.Line, "file:")
		switch {
		case lamp.Line == "":
			found = append(found, skipped(check, "no such lamp"))
		case isFile:
			found = append(found, e.fileLamp(check, file))
		default:
			found = append(found, e.gpioLamp(check, lamp))
		}
	}
	for i := range found {
		if found[i].Status == Wrong {
			found[i].Code = codeLamps
		}
	}
	return found
}

var triggerNow = lazyregexp.New(`\[([^\]]+)\]`)

// fileLamp checks a kernel LED or any file.
func (e *exam) fileLamp(check, file string) Finding {
	dir := path.Dir(file)
	led, isLED := strings.CutPrefix(dir, "/sys/class/leds/")
	if !exists(e.Root, dir) {
		mend := "sudo mkdir -p " + dir
		if isLED {
			mend = fmt.Sprintf("write in %s under [leds] one of: ls /sys/class/leds", e.Config.File)
		}
		return wrong(check, dir+" is not there", mend)
	}
	if m := triggerNow().FindStringSubmatch(text(e.Root, dir+"/trigger")); isLED && m != nil && m[1] != "none" {
		return wrong(check, fmt.Sprintf("the kernel blinks %s itself, for %s", led, m[1]),
			"echo none | sudo tee "+dir+"/trigger",
			fmt.Sprintf(`echo 'SUBSYSTEM=="leds", KERNEL=="%s", ATTR{trigger}="none"' | sudo tee -a /etc/udev/rules.d/99-tagbase-edge.rules`, led))
	}
	info, err := fs.Stat(e.Root, rooted(file))
	if err != nil {
		info, err = fs.Stat(e.Root, rooted(dir))
		file = dir
	}
	if err == nil && e.user.may(info, write) {
		return fine(check, file+" can be written")
	}
	found := fmt.Sprintf("%s may not write %s", e.user.name, file)
	if isLED {
		return wrong(check, found, fmt.Sprintf(`echo 'SUBSYSTEM=="leds", KERNEL=="%s", RUN+="/bin/chgrp gpio %s", RUN+="/bin/chmod g+w %s"' | sudo tee -a /etc/udev/rules.d/99-tagbase-edge.rules`, led, file, file),
			"sudo udevadm control --reload && sudo udevadm trigger --action=add "+dir, restart)
	}
	return wrong(check, found, fmt.Sprintf("sudo chown %s %s", e.user.name, file))
}

// taken are header lines that a bus needs while it is in use.
var taken = map[busKind]struct {
	lines []int
	bus   string
}{
	busUART: {[]int{14, 15}, "the UART"},
	busI2C:  {[]int{2, 3}, "I2C"},
	busSPI:  {[]int{7, 8, 9, 10, 11}, "SPI"},
}

// gpioLamp checks a GPIO line.
func (e *exam) gpioLamp(check string, lamp Lamp) Finding {
	another := fmt.Sprintf(`write in %s under [leds] another line and move the wire: %s = "GPIO17", or 22, 23, 24, 25, 27`, e.Config.File, lamp.Name)
	number := -1
	if n, ok := strings.CutPrefix(lamp.Line, "GPIO"); ok {
		number, _ = strconv.Atoi(n)
	}
	if use := taken[e.port.bus]; slices.Contains(use.lines, number) {
		return wrong(check, fmt.Sprintf("%s belongs to %s, which the reader is on", lamp.Line, use.bus), another)
	}
	if f, ok := e.gpioChip(check); !ok {
		return f
	}
	if e.Probes.Line == nil {
		return skipped(check, lamp.Line+" was not looked up")
	}
	consumer, err := e.Probes.Line(lamp.Line)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return skipped(check, fmt.Sprintf("who holds %s you may not know: sudo tagbase-edge doctor", lamp.Line))
	case err != nil:
		return wrong(check, err.Error(), "sudo apt install gpiod && gpioinfo", another)
	case strings.HasPrefix(consumer, self):
		return e.advised(fine(check, fmt.Sprintf("%s is held by the daemon (%s)", lamp.Line, consumer)), number)
	case consumer != "":
		return wrong(check, fmt.Sprintf("%s is held by %q", lamp.Line, consumer), lampHolder(e, consumer, number, another)...)
	}
	return e.advised(fine(check, lamp.Line+" is free"), number)
}

// lampHolder is what makes a line free: an overlay's line is taken in config.txt.
func lampHolder(e *exam, consumer string, number int, another string) []string {
	for _, s := range e.machine.config.settings {
		if !s.counts || s.key != "dtoverlay" {
			continue
		}
		for p := range strings.SplitSeq(s.value, ",") {
			name, value, _ := strings.Cut(p, "=")
			if strings.Contains(name, "gpio") && value == strconv.Itoa(number) || p == "w1-gpio" && number == 4 {
				return []string{fmt.Sprintf("sudo sed -i '%ds/^/#/' %s", s.line, s.file), reboot}
			}
		}
	}
	return []string{"stop the program that calls itself so: " + strconv.Quote(consumer), another}
}

// advised says what would be safer: a line that is high or pulled up while nobody
// drives it lights a lamp that nobody lit.
func (e *exam) advised(f Finding, number int) Finding {
	if e.Config.ActiveLow {
		f.Better = append(f.Better, "wire the lamps active-high and leave leds.active_low out: an active-low lamp flashes at the start")
	}
	if number >= 0 && number <= 8 {
		f.Better = append(f.Better, fmt.Sprintf("GPIO%d is pulled up while nobody drives it; GPIO9 to GPIO27 are pulled down", number))
	}
	return f
}

// gpioChip checks that there are GPIO lines and that the daemon may have them.
func (e *exam) gpioChip(check string) (Finding, bool) {
	var chips []string
	for _, name := range names(e.Root, "/dev") {
		if strings.HasPrefix(name, "gpiochip") {
			chips = append(chips, "/dev/"+name)
		}
	}
	if len(chips) == 0 {
		return wrong(check, "this machine has no GPIO chip",
			fmt.Sprintf(`write in %s under [leds] a kernel LED, "file:/sys/class/leds/NAME/brightness", or leave the lamp empty`, e.Config.File)), false
	}
	for _, chip := range chips {
		info, err := fs.Stat(e.Root, rooted(chip))
		if err != nil || e.user.may(info, read|write) {
			continue
		}
		f := e.lineDenied(check, chip, info)
		return f, false
	}
	return Finding{}, true
}

func (e *exam) lineDenied(check, chip string, info fs.FileInfo) Finding {
	_, gid := owner(info)
	found := fmt.Sprintf("%s may not read and write %s (%s, group %s)", e.user.name, chip, info.Mode().Perm(), groupName(e.Root, gid))
	if gid != 0 && info.Mode()>>3&(read|write) == read|write {
		return wrong(check, found, fmt.Sprintf("sudo usermod -aG %s %s", groupName(e.Root, gid), e.user.name), restart)
	}
	return wrong(check, found,
		`echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' | sudo tee -a /etc/udev/rules.d/99-tagbase-edge.rules`,
		fmt.Sprintf("sudo groupadd -f -r gpio && sudo usermod -aG gpio %s", e.user.name),
		"sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=gpio", restart)
}
