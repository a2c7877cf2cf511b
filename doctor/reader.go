// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"

	"github.com/tagbase/tagbase-edge/scan"
)

// What mends a reader that does not work.
const (
	cutPower  = "take the reader's power away for ten seconds"
	hasWorked = "if it has worked before: " + cutPower
	isPowered = "is it powered? its light must be on; 3.3 V from pin 1 or 5 V from pin 2, as its maker says" +
		", and ground from pin 6"
	sendReport = "if it happens again: tagbase-edge doctor --json >doctor.json, and send it to us"

	// tryAlone stops the daemon for as long as the doctor tries the reader.
	tryAlone = "sudo systemctl stop tagbase-edge; sudo tagbase-edge doctor; sudo systemctl start tagbase-edge"
)

// wiring is how the PN532's lines go to the header (docs/wiring.md).
var wiring = map[busKind]string{
	busUART: "are the wires crossed? its TX to pin 10 (GPIO15), its RX to pin 8 (GPIO14)",
	busI2C:  "SDA to pin 3 (GPIO2), SCL to pin 5 (GPIO3); it must show as 24: sudo i2cdetect -y 1",
	busSPI:  "SCK to pin 23, MISO to pin 21, MOSI to pin 19, and SS to pin 24 (CE0), not to GPIO4",
}

// modeSwitches is how the common boards are switched to a bus (docs/wiring.md).
var modeSwitches = map[busKind]string{
	busUART: "Waveshare HAT L0=L L1=L and UART on the DIP block, Elechouse V3 both off, Adafruit SEL0=OFF SEL1=OFF",
	busI2C:  "Waveshare HAT L0=H L1=L and I2C on the DIP block, Elechouse V3 1=on 2=off, Adafruit SEL0=ON SEL1=OFF",
	busSPI:  "Waveshare HAT L0=L L1=H and SPI on the DIP block, Elechouse V3 1=off 2=on, Adafruit SEL0=OFF SEL1=ON",
}

// checkReader tries the reader step by step. While the daemon holds the reader, it asks the daemon instead.
func checkReader(e *examination) []Finding {
	if e.held {
		return e.daemonSays()
	}
	if e.Probes.Reader == nil {
		return eachSkipped(readerSteps, "not tried")
	}

	var found []Finding
	for _, step := range e.Probes.Reader() {
		if step.Err == "" {
			found = append(found, fine(step.Name, step.Found))
			continue
		}

		// Reader ends with a step that fails, so the later ones have no result of their own.
		found = append(found, e.stepFailed(step))
		later := readerSteps[slices.Index(readerSteps, step.Name)+1:]
		return append(found, eachSkipped(later, "after "+step.Name)...)
	}
	return found
}

// daemonSays takes the daemon's word for all steps.
func (e *examination) daemonSays() []Finding {
	if e.Probes.Daemon == nil {
		return eachSkipped(readerSteps,
			"held by the daemon; stop it to have the reader tried: sudo systemctl stop tagbase-edge")
	}
	r, err := e.Probes.Daemon()
	if err != nil {
		return eachSkipped(readerSteps, "held by the daemon, which does not answer: "+err.Error())
	}
	says := "held by the daemon, which says: " + r.Says
	if r.Blocked {
		found := eachSkipped(readerSteps[:len(readerSteps)-1], says)
		return append(found, wrong(StepField, "something lies on the reader, and every tap behind it is refused",
			"take away every tag and card that lies on the reader, and look below its cover",
			"tagbase-edge status"))
	}
	if !r.Fault {
		found := eachSkipped(readerSteps, says)
		if r.HaltFails {
			last := &found[len(found)-1]
			last.Found += "; it wakes tags that it has put to HALT, so that of two tags at once it may see only one"
			last.Better = []string{"use a PN532 of another make if people may hold two tags to the reader at once"}
		}
		return found
	}

	// The daemon knows no steps: a reader that is there and does not work has failed to wake up.
	at := slices.Index(readerSteps, StepWakeUp)
	if r.Gone {
		at = slices.Index(readerSteps, StepOpen)
	}
	failed := e.stepFailed(ReaderStep{Name: readerSteps[at], Err: says})
	failed.Mend = append(failed.Mend, tryAlone)

	found := append(eachSkipped(readerSteps[:at], "held by the daemon"), failed)
	return append(found, eachSkipped(readerSteps[at+1:], "after "+readerSteps[at])...)
}

// stepFailed says what mends a reader that did not get past a step.
func (e *examination) stepFailed(step ReaderStep) Finding {
	silent := func(mend ...string) Finding {
		return wrong(step.Name, step.Err, mend...).coded(scan.ServiceReaderSilent)
	}
	notFound := func(mend ...string) Finding {
		return wrong(step.Name, step.Err, mend...).coded(scan.ServiceReaderNotFound)
	}

	// Whatever the step, these two have causes of their own.
	if step.Aborted {
		return silent(cutPower, sendReport)
	}
	if !e.Config.Libnfc && e.port.bus != busSimulated {
		return notFound("sudo apt install ./tagbase-edge_VERSION_arm64.deb")
	}

	switch step.Name {
	case StepOpen:
		return notFound("sudo fuser -v " + orElse(e.port.path, "/dev/bus/usb/*/*"))
	case StepWakeUp:
		mend := []string{isPowered, hasWorked} // an I2C bus may fail for good, until the reader is unplugged
		if how, ok := wiring[e.port.bus]; ok {
			mend = append(mend, how, "are its mode switches right? "+modeSwitches[e.port.bus])
		}
		return silent(mend...)
	case StepFirmware:
		return silent(cutPower,
			"if it happens again, the wires are too long or too thin, or the chip is no PN532: try another board")
	default:
		return silent(cutPower, "use a supply that gives 200 mA more: the reader's field alone needs about 100 mA")
	}
}
