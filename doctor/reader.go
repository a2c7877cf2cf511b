// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
)

// readerSteps tries the reader, unless the daemon is at it: then it is asked.
func readerSteps(e *exam) []Finding {
	all := []string{StepOpen, StepWakeUp, StepFirmware, StepField}
	if e.held {
		return eachSkipped(all, e.daemonSays())
	}
	if e.Probes.Reader == nil {
		return eachSkipped(all, "not tried")
	}
	var found []Finding
	for _, step := range e.Probes.Reader() {
		if step.Err == "" {
			found = append(found, fine(step.Name, step.Found))
			continue
		}
		found = append(found, e.stepFailed(step))
		return append(found, eachSkipped(all[slices.Index(all, step.Name)+1:], "after "+step.Name)...)
	}
	return found
}

func (e *exam) daemonSays() string {
	if e.Probes.Daemon == nil {
		return "held by the daemon; systemctl stop tagbase-edge lets it be tried"
	}
	says, err := e.Probes.Daemon()
	if err != nil {
		return "held by the daemon, which does not answer: " + err.Error()
	}
	return "held by the daemon, which says: " + says
}

func eachSkipped(checks []string, why string) (found []Finding) {
	for _, check := range checks {
		found = append(found, skipped(check, why))
	}
	return found
}

// switches is how the mode of the common boards is set.
var switches = map[busKind]string{
	busUART: "Waveshare HAT L0=L L1=L and UART on the DIP block, Elechouse V3 both off, Adafruit SEL0=OFF SEL1=OFF",
	busI2C:  "Waveshare HAT L0=H L1=L and I2C on the DIP block, Elechouse V3 1=on 2=off, Adafruit SEL0=ON SEL1=OFF",
	busSPI:  "Waveshare HAT L0=L L1=H and SPI on the DIP block, Elechouse V3 1=off 2=on, Adafruit SEL0=OFF SEL1=ON",
}

func (e *exam) stepFailed(step Step) Finding {
	if step.Aborted {
		return wrong(step.Name, step.Err, "take the reader's power away for ten seconds",
			"if it is there again: tagbase-edge doctor --json >doctor.json, and send it to us").coded(codeReaderSilent)
	}
	if !e.Config.Libnfc && e.port.bus != busSimulated {
		return wrong(step.Name, step.Err, "sudo apt install ./tagbase-edge_VERSION_arm64.deb").coded(codeReaderMissing)
	}
	switch step.Name {
	case StepOpen:
		return wrong(step.Name, step.Err, fmt.Sprintf("sudo fuser -v %s", orElse(e.port.path, "/dev/bus/usb/*/*"))).coded(codeReaderMissing)
	case StepWakeUp:
		mend := []string{"is it powered? its lamp must be lit; from pin 1 (3.3 V) or 2 (5 V) as its maker says, and ground from pin 6"}
		switch e.port.bus {
		case busUART:
			mend = append(mend, "are the wires crossed? its TX to pin 10 (GPIO15), its RX to pin 8 (GPIO14)")
		case busI2C:
			mend = append(mend, "SDA to pin 3 (GPIO2), SCL to pin 5 (GPIO3); it must show as 24: sudo i2cdetect -y 1")
		case busSPI:
			mend = append(mend, "SCK to pin 23, MISO to pin 21, MOSI to pin 19, and SS to pin 24 (CE0), not to GPIO4")
		}
		if how := switches[e.port.bus]; how != "" {
			mend = append(mend, "are its mode switches right? "+how)
		}
		return wrong(step.Name, step.Err, mend...).coded(codeReaderSilent)
	case StepFirmware:
		return wrong(step.Name, step.Err, "take the reader's power away for ten seconds",
			"if it is there again the wires are too long or too thin, or the chip is no PN532: try another board").coded(codeReaderSilent)
	default:
		return wrong(step.Name, step.Err, "take the reader's power away for ten seconds",
			"feed it from a supply that gives 200 mA more than now: its field needs about 100 mA").coded(codeReaderSilent)
	}
}
