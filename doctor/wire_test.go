// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

var errSilent = errors.New("silent")

func dirOf(uid uint32, mode fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Mode: mode | fs.ModeDir, Sys: &syscall.Stat_t{Uid: uid}}
}

// failAt has the reader fail in one step.
func failAt(name, why string) func(r *madeUpBoard) {
	return func(r *madeUpBoard) {
		for i, s := range r.steps {
			if s.Name == name {
				r.steps = append(r.steps[:i:i], ReaderStep{Name: name, Err: why})
			}
		}
	}
}

func onBus(device string, then func(r *madeUpBoard)) func(r *madeUpBoard) {
	return func(r *madeUpBoard) { r.config.Device = device; then(r) }
}

const (
	powered = "is it powered? its light must be on; 3.3 V from pin 1 or 5 V from pin 2, " +
		"as its maker says, and ground from pin 6"
	unplug = "take the reader's power away for ten seconds"
	worked = "if it has worked before: " + unplug
	moveIt = `write in /etc/tagbase-edge/config.toml under [leds] another line and move the wire: ` +
		`green = "GPIO17", or 22, 23, 24, 25, 27`
	leaveOut = `write in /etc/tagbase-edge/config.toml under [leds] ` +
		`a kernel LED, "file:/sys/class/leds/NAME/brightness", or leave the lamp empty`
)

func greenLamp(line string) func(r *madeUpBoard) {
	return func(r *madeUpBoard) { r.config.Lamps[0].Line = line }
}

var wireMistakes = []mistake{
	{"does not open", failAt(StepOpen, "open /dev/ttyS0: device or resource busy"),
		StepOpen, "device or resource busy", 1, []string{"sudo fuser -v /dev/ttyS0"}},
	{"USB reader does not open", onBus("acr122_usb:001:007", failAt(StepOpen, "no")),
		StepOpen, "no", 1, []string{"sudo fuser -v /dev/bus/usb/*/*"}},
	{"no answer on the UART", failAt(StepWakeUp, "the reader does not answer"),
		StepWakeUp, "the reader does not answer", 2,
		[]string{powered, worked, "are the wires crossed? its TX to pin 10 (GPIO15), its RX to pin 8 (GPIO14)",
			"are its mode switches right? " + modeSwitches[busUART]}},
	{"no answer on I2C", onBus("pn532_i2c:/dev/i2c-1", failAt(StepWakeUp, "the reader does not answer")),
		StepWakeUp, "the reader does not answer", 2,
		[]string{powered, worked, "SDA to pin 3 (GPIO2), SCL to pin 5 (GPIO3); it must show as 24: sudo i2cdetect -y 1",
			"are its mode switches right? " + modeSwitches[busI2C]}},
	{"no answer on SPI", onBus("pn532_spi:/dev/spidev0.0", failAt(StepWakeUp, "the reader does not answer")),
		StepWakeUp, "the reader does not answer", 2,
		[]string{powered, worked, "SCK to pin 23, MISO to pin 21, MOSI to pin 19, and SS to pin 24 (CE0), not to GPIO4",
			"are its mode switches right? " + modeSwitches[busSPI]}},
	{"no version", failAt(StepFirmware, "no firmware version"), StepFirmware, "no firmware version", 2,
		[]string{unplug,
			"if it happens again, the wires are too long or too thin, or the chip is no PN532: try another board"}},
	{"no field", failAt(StepField, "field"), StepField, "field", 2,
		[]string{unplug, "use a supply that gives 200 mA more: the reader's field alone needs about 100 mA"}},
	{"libnfc ends its process",
		func(r *madeUpBoard) { r.steps = []ReaderStep{{Name: StepOpen, Err: "signal: aborted", Aborted: true}} },
		StepOpen, "signal: aborted", 2, []string{unplug,
			"if it happens again: tagbase-edge doctor --json >doctor.json, and send it to us"}},
	{"built without libnfc", func(r *madeUpBoard) { r.config.Libnfc = false; failAt(StepWakeUp, "without libnfc")(r) },
		StepWakeUp, "without libnfc", 1, []string{"sudo apt install ./tagbase-edge_VERSION_arm64.deb"}},

	{"lamp on the UART's line", greenLamp("GPIO14"), "lamp green",
		"GPIO14 belongs to the UART, which the reader is on", 7, []string{moveIt}},
	{"lamp on SPI's line", onBus("pn532_spi:/dev/spidev0.0", greenLamp("GPIO8")), "lamp green",
		"GPIO8 belongs to SPI", 7, []string{moveIt}},
	{"lamp on I2C's line", onBus("pn532_i2c:/dev/i2c-1", greenLamp("GPIO3")), "lamp green", "GPIO3 belongs to I2C", 7,
		[]string{moveIt}},
	{"no GPIO chip", func(r *madeUpBoard) { r.remove("/dev/gpiochip0") }, "lamp green",
		"this machine has no GPIO chip", 7, []string{leaveOut}},
	{"not in gpio", func(r *madeUpBoard) { r.replace("/etc/group", "gpio:x:997:tagbase-edge", "gpio:x:997:") },
		"lamp green", "tagbase-edge may not read and write /dev/gpiochip0 (-rw-rw----, group gpio)", 7,
		[]string{"sudo usermod -aG gpio tagbase-edge", restart}},
	{"chip is root's alone", func(r *madeUpBoard) { r.node("/dev/gpiochip0", 0).Mode &^= 0o060 }, "lamp green",
		"group root", 7,
		[]string{`echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' | sudo tee -a ` + udev,
			"sudo groupadd -f -r gpio && sudo usermod -aG gpio tagbase-edge",
			"sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=gpio", restart}},
	{"no such line", func(r *madeUpBoard) {
		r.probes.Line = func(string) (string, error) { return "", errors.New("GPIO17: no GPIO line has this name") }
	}, "lamp green", "no GPIO line has this name", 7, []string{"sudo apt install gpiod && gpioinfo", moveIt}},
	{"a program has the line", func(r *madeUpBoard) { r.holders["GPIO17"] = "gpiomon" }, "lamp green",
		`GPIO17 is held by "gpiomon"`, 7,
		[]string{`stop the program that calls itself "gpiomon"`, moveIt}},
	{"an overlay has the line", func(r *madeUpBoard) {
		r.holders["GPIO17"] = "power_button"
		r.replace(config, "dtparam=audio=on", "dtoverlay=gpio-key,gpio=17,keycode=116")
	}, "lamp green", `GPIO17 is held by "power_button"`, 7, []string{"sudo sed -i '2s/^/#/' " + config, reboot}},
	{"1-Wire has the line", func(r *madeUpBoard) {
		greenLamp("GPIO4")(r)
		r.holders["GPIO4"] = "onewire@4"
		r.replace(config, "dtparam=audio=on", "dtoverlay=w1-gpio")
	}, "lamp green", `GPIO4 is held by "onewire@4"`, 7, []string{"sudo sed -i '2s/^/#/' " + config, reboot}},
	{"no such kernel LED", greenLamp("file:/sys/class/leds/gren/brightness"), "lamp green",
		"/sys/class/leds/gren is not there", 7,
		[]string{"write in /etc/tagbase-edge/config.toml under [leds] one of: ls /sys/class/leds"}},
	{"no such directory", greenLamp("file:/run/lamps/green"), "lamp green", "/run/lamps is not there", 7,
		[]string{"sudo mkdir -p /run/lamps"}},
	{"the kernel blinks the LED", func(r *madeUpBoard) {
		greenLamp("file:/sys/class/leds/ACT/brightness")(r)
		r.write("/sys/class/leds/ACT/trigger", "none rfkill-any [mmc0] timer\n")
	}, "lamp green", "the kernel blinks ACT itself, for mmc0", 7,
		[]string{"echo none | sudo tee /sys/class/leds/ACT/trigger",
			`echo 'SUBSYSTEM=="leds", KERNEL=="ACT", ATTR{trigger}="none"' | sudo tee -a ` + udev}},
	{"the LED is root's", func(r *madeUpBoard) {
		greenLamp("file:/sys/class/leds/ACT/brightness")(r)
		r.write("/sys/class/leds/ACT/trigger", "[none] mmc0\n")
		r.write("/sys/class/leds/ACT/brightness", "0\n")
	}, "lamp green", "tagbase-edge may not write /sys/class/leds/ACT/brightness", 7,
		[]string{`echo 'SUBSYSTEM=="leds", KERNEL=="ACT", RUN+="/bin/chgrp gpio /sys/class/leds/ACT/brightness", ` +
			`RUN+="/bin/chmod g+w /sys/class/leds/ACT/brightness"' | sudo tee -a ` + udev,
			"sudo udevadm control --reload && sudo udevadm trigger --action=add /sys/class/leds/ACT", restart}},
	{"the lamp's file is root's",
		func(r *madeUpBoard) { greenLamp("file:/run/lamps/green")(r); r.write("/run/lamps/green", "0\n") },
		"lamp green", "tagbase-edge may not write /run/lamps/green", 7,
		[]string{"sudo chown tagbase-edge /run/lamps/green"}},

	{"clock before the build", func(r *madeUpBoard) { r.probes.Now = now.AddDate(-1, 0, 0) },
		"clock", "2025-11-23T12:00:00Z is too early: 2026-10-23T12:00:00Z has already passed", 5, setClock},
	{"clock ahead", func(r *madeUpBoard) { r.platform.Skew = 3 * time.Hour }, "clock",
		"is 3h0m0s ahead of the platform's", 5, setClock},
	{"clock behind", func(r *madeUpBoard) { r.platform.Skew = -6 * time.Minute }, "clock",
		"is 6m0s behind the platform's", 5, setClock},
	{"clock unknown", func(r *madeUpBoard) {
		r.remove("/run/systemd/timesync/synchronized")
		r.probes.Synchronised = func() (bool, error) { return false, nil }
		r.platform = PlatformReach{Host: "platform.example.com", DNS: "no such host"}
	}, "clock", "is not synchronised, and there is no platform to compare it with", 5, setClock},

	{"no DNS", func(r *madeUpBoard) {
		r.platform = PlatformReach{Host: "platform.example.com", Port: "443",
			DNS: "lookup platform.example.com: no such host"}
	}, "DNS", "no such host", 3, []string{"getent hosts platform.example.com",
		"ip address; ip route; cat /etc/resolv.conf", "sudo nmtui"}},
	{"no TCP", func(r *madeUpBoard) { r.platform.TCP, r.platform.Status = "connection refused", 0 }, "TCP",
		"connection refused", 3,
		[]string{"ping -c 3 platform.example.com",
			"let the firewall pass TCP from this board to platform.example.com:443"}},
	{"certificate by an unknown authority",
		func(r *madeUpBoard) { r.platform.TLS, r.platform.Status = "unknown authority", 0 },
		"TLS", "unknown authority", 5,
		[]string{"openssl s_client -connect platform.example.com:443 -servername platform.example.com </dev/null | " +
			"openssl x509 -noout -subject -issuer -dates",
			"sudo apt install --reinstall ca-certificates",
			`or, for a platform of your own, write in /etc/tagbase-edge/config.toml under [platform]: ` +
				`ca_file = "/etc/tagbase-edge/ca.pem"`}},
	{"certificate not valid now", func(r *madeUpBoard) {
		r.platform.TLS, r.platform.TLSClock, r.platform.Status = "not yet valid", true, 0
	},
		"TLS", "not yet valid", 5,
		[]string{"date -u", "sudo timedatectl set-ntp true",
			"if the clock is right and was ahead once: sudo rm /var/lib/tagbase-edge/clock && " + restart}},
	{"lost within TLS", func(r *madeUpBoard) {
		r.platform.TLS, r.platform.TLSLost, r.platform.Status = "connection reset by peer", true, 0
	},
		"TLS", "connection reset by peer", 3,
		[]string{"ping -c 3 platform.example.com",
			"let the firewall pass TLS from this board to platform.example.com:443 without inspecting it"}},
	{"no answer", func(r *madeUpBoard) { r.platform.HTTP, r.platform.Status = "EOF", 0 }, "platform", "EOF", 3,
		[]string{"tagbase-edge doctor, again in a minute", baseLine}},
	{"platform down", platformAnswers(503), "platform", "it answers 503 Service Unavailable", 3,
		[]string{"wait: the station tries again by itself", "if it lasts, tell the people who run the platform"}},
	{"a login page", platformAnswers(302), "platform", "it answers 302 and points elsewhere", 3,
		[]string{"let this board onto the network without a login page", baseLine}},
	{"another server", platformAnswers(405), "platform", "it answers 405 Method Not Allowed", 3, []string{baseLine}},
	{"key refused", platformAnswers(401), "key", "the platform refuses key_a:redacted", 4, []string{paste, restart}},
	{"key of another kind", platformAnswers(403), "key",
		"the platform knows key_a:redacted, but it is not a key for stations", 4,
		[]string{"make a key for a station at the platform", paste, restart}},
	{"no key",
		func(r *madeUpBoard) { r.config.Key, r.config.KeyFault = "", "/etc/tagbase-edge/api-key cannot be read" },
		"key", "/etc/tagbase-edge/api-key cannot be read", 4, []string{paste, restart}},
	{"key that others can read", func(r *madeUpBoard) { r.files["etc/tagbase-edge/api-key"].Mode = 0o644 },
		"key", "/etc/tagbase-edge/api-key can be read by others (-rw-r--r--)", 4,
		[]string{"sudo chmod 0600 /etc/tagbase-edge/api-key"}},
	{"key of the daemon's own that others can read", func(r *madeUpBoard) {
		r.config.KeyOwn, r.files["etc/tagbase-edge/api-key"].Mode = true, 0o640
	}, "key", "/etc/tagbase-edge/api-key can be read by others (-rw-r-----)", 4, ownKey},
	{"key of the daemon's own that it cannot read", func(r *madeUpBoard) { r.config.KeyOwn = true },
		"key", "tagbase-edge may not read /etc/tagbase-edge/api-key (-rw-------)", 4, ownKey},
	{"own key refused", func(r *madeUpBoard) {
		r.config.KeyOwn, r.platform.Status = true, 401
		r.files["etc/tagbase-edge/api-key"].Sys = &syscall.Stat_t{Uid: 990}
	}, "key", "the platform refuses key_a:redacted", 4,
		[]string{strings.Replace(paste, "0600", "0600 -o tagbase-edge", 1), restart}},
}

var ownKey = []string{"sudo chown tagbase-edge /etc/tagbase-edge/api-key", "sudo chmod 0600 /etc/tagbase-edge/api-key"}

const (
	baseLine = "write in /etc/tagbase-edge/config.toml under [platform] the address as the platform gave it: base_url"
	paste    = "sudo install -m 0600 /dev/stdin /etc/tagbase-edge/api-key   # paste the key, Enter, Ctrl-D"
)

var setClock = []string{"sudo timedatectl set-ntp true", "timedatectl timesync-status"}

func platformAnswers(code int) func(r *madeUpBoard) {
	return func(r *madeUpBoard) { r.platform.Status = code }
}

// The doctor finds everything that can be wrong from the reader's wires to the key, and its mend.
func TestMistakesFromWireToKeyAreFound(t *testing.T) {
	for _, tt := range wireMistakes {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, newBoard(models["Pi 3"], "bookworm")) })
	}
}

// What comes after a step that fails was not tried, so it is not wrong.
func TestStepsAfterAFailureAreSkipped(t *testing.T) {
	for first, after := range map[string][]string{
		StepWakeUp: {StepFirmware, StepField},
		"TCP":      {"TLS", "platform"},
		"TLS":      {"platform"},
	} {
		r := newBoard(models["Pi 3"], "bookworm")
		failAt(StepWakeUp, "no")(r)

		switch first {
		case "TCP":
			r.platform.TCP, r.platform.Status = "no", 0
		case "TLS":
			r.platform.TLS, r.platform.Status = "no", 0
		}

		findings := r.examine()
		for _, check := range after {
			if f := findingOf(t, findings, check); f.Result != Skipped || f.Found != "after "+first {
				t.Errorf("%s after %s: %+v", check, first, f)
			}
		}
	}
}

// A clock that no time service keeps, and that is right, is no ✗.
func TestClockThatOnlyThePlatformConfirms(t *testing.T) {
	r := newBoard(models["Pi 3"], "bookworm")
	r.remove("/run/systemd/timesync/synchronized")
	if findings := r.examine(); !Healthy(findings) {
		t.Errorf("not healthy:\n%s", listing(findings))
	}
}

// What is safer is said, though nothing is wrong.
func TestSaferLampWiringIsMentioned(t *testing.T) {
	r := newBoard(models["Pi 3"], "bookworm")
	greenLamp("GPIO5")(r)
	r.config.ActiveLow = true
	r.holders["GPIO5"] = "tagbase-edge@400"

	if f := findingOf(t, r.examine(), "lamp green"); f.Result != OK || len(f.Better) != 2 {
		t.Errorf("%+v", f)
	}
}
