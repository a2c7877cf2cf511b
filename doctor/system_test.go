// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
)

const udev = "/etc/udev/rules.d/99-tagbase-edge.rules"

// usb puts a device on the bus.
func (r *madeUpBoard) usb(vendor, product, bus, dev string) {
	dir := "/sys/bus/usb/devices/1-" + dev + "/"
	r.write(dir+"idVendor", vendor+"\n")
	r.write(dir+"idProduct", product+"\n")
	r.write(dir+"busnum", bus+"\n")
	r.write(dir+"devnum", dev+"\n")
}

// A mistake is one way in which a station is not as it should be, and what the doctor must say.
type mistake struct {
	name   string
	change func(r *madeUpBoard)
	check  string
	found  string
	code   scan.ServiceCode
	mend   []string
}

var systemMistakes = []mistake{
	{"a problem in the configuration",
		func(r *madeUpBoard) { r.config.Problems = []string{"config.toml:1:1: reader.devise: is not a key"} },
		"configuration", "config.toml:1:1: reader.devise: is not a key", 0,
		[]string{"sudo editor /etc/tagbase-edge/config.toml",
			"tagbase-edge check --config /etc/tagbase-edge/config.toml"}},

	{"a file in a device's place", func(r *madeUpBoard) { r.write("/dev/"+r.model.uart, "hello\n") },
		"device", "is a plain file, not a device: a program wrote to the port while it was not there", 1, nil},
	{"i2c-dev not loaded", func(r *madeUpBoard) { r.config.Device = "pn532_i2c:/dev/i2c-1" },
		"device", "/dev/i2c-1 is not there: the module i2c-dev is not loaded", 1,
		[]string{"echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf", "sudo modprobe i2c-dev"}},
	{"i2c-dev loaded, bus not there", func(r *madeUpBoard) {
		r.config.Device = "pn532_i2c:/dev/i2c-1"
		r.write("/proc/modules", "i2c_dev 1 0 - Live 0x0\n")
	}, "device", "/dev/i2c-1 is not there; config.txt takes effect at the next boot", 1, []string{reboot}},
	{"USB converter not plugged in", func(r *madeUpBoard) { r.config.Device = "pn532_uart:/dev/ttyUSB0" },
		"device", "/dev/ttyUSB0 is not there, and no USB serial converter is plugged in", 1,
		[]string{"plug it in, and look for it with: lsusb"}},
	{"USB converter without its driver",
		func(r *madeUpBoard) { r.config.Device = "pn532_uart:/dev/ttyUSB0"; r.usb("1a86", "7523", "1", "4") },
		"device", "USB device 1a86:7523 is plugged in, and its driver ch341 is not loaded", 1,
		[]string{"echo ch341 | sudo tee /etc/modules-load.d/tagbase-reader.conf", "sudo modprobe ch341"}},
	{"USB converter with another number", func(r *madeUpBoard) {
		r.config.Device = "pn532_uart:/dev/ttyUSB0"
		r.usb("1a86", "7523", "1", "4")
		r.write("/proc/modules", "ch341 1 0 - Live 0x0\n")
	}, "device", "USB device 1a86:7523 is plugged in: it has another number now", 1,
		[]string{"ls -l /dev/serial/by-id/",
			"write in /etc/tagbase-edge/config.toml under [reader] the name that stays: " +
				`device = "pn532_uart:/dev/serial/by-id/…"`}},
	{"link that leads nowhere", func(r *madeUpBoard) {
		r.config.Device = "pn532_uart:/dev/tagbase-reader"
		r.link("/dev/tagbase-reader", "odd0")
	}, "device", "/dev/tagbase-reader leads to /dev/odd0, which is not there", 1,
		[]string{"ls -l /dev/serial0 /dev/ttyAMA* /dev/ttyS* /dev/ttyUSB* /dev/ttyACM* /dev/i2c-* /dev/spidev*",
			"write in /etc/tagbase-edge/config.toml under [reader] the one that the reader is wired to"}},
	{"USB reader gone", func(r *madeUpBoard) { r.config.Device = "acr122_usb:001:004" },
		"device", "no USB reader that libnfc knows is plugged in at 001:004 or elsewhere", 1,
		[]string{"plug it in, and look for it with: lsusb"}},
	{"USB reader plugged in again",
		func(r *madeUpBoard) { r.config.Device = "acr122_usb:001:004"; r.usb("072f", "2200", "1", "7") },
		"device", "no reader is at 001:004; ACR122U (072f:2200) is at 001:007", 1,
		[]string{deviceLine("acr122_usb:001:007")}},

	{"no user", func(r *madeUpBoard) { r.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n") },
		"permission", `the unit runs as user "tagbase-edge", who does not exist`, 1,
		[]string{"sudo systemd-sysusers", restart}},
	{"not in dialout", func(r *madeUpBoard) { r.replace("/etc/group", "dialout:x:20:tagbase-edge", "dialout:x:20:pi") },
		"permission", "tagbase-edge may not read and write /dev/ttyS0 (-rw-rw----, group dialout)", 1,
		[]string{"sudo usermod -aG dialout tagbase-edge", restart}},
	{"taken by a login", func(r *madeUpBoard) { r.node("/dev/ttyS0", 5).Mode &^= 0o040 },
		"permission", "(-rw--w----, group tty): a login has taken it", 1,
		[]string{"sudo systemctl mask --now serial-getty@ttyS0.service",
			"sudo udevadm trigger --action=add /dev/ttyS0", restart}},
	{"root's alone", func(r *madeUpBoard) { r.node("/dev/ttyS0", 0).Mode &^= 0o060 },
		"permission", "(-rw-------, group root)", 1,
		[]string{`echo 'KERNEL=="ttyS0", GROUP="dialout", MODE="0660"' | sudo tee -a ` + udev,
			"sudo groupadd -f -r dialout && sudo usermod -aG dialout tagbase-edge",
			"sudo udevadm control --reload && sudo udevadm trigger --action=add /dev/ttyS0", restart}},
	{"not in i2c", func(r *madeUpBoard) {
		r.config.Device = "pn532_i2c:/dev/i2c-1"
		r.node("/dev/i2c-1", 0)
		r.files["dev/i2c-1"].Mode &^= 0o060
	}, "permission", "/dev/i2c-1", 1,
		[]string{`echo 'KERNEL=="i2c-1", GROUP="i2c", MODE="0660"' | sudo tee -a ` + udev,
			"sudo groupadd -f -r i2c && sudo usermod -aG i2c tagbase-edge",
			"sudo udevadm control --reload && sudo udevadm trigger --action=add /dev/i2c-1", restart}},
	{"not in spi", func(r *madeUpBoard) {
		r.config.Device = "pn532_spi:/dev/spidev0.0"
		r.node("/dev/spidev0.0", 999)
		r.replace("/etc/group", "spi:x:999:tagbase-edge", "spi:x:999:")
	}, "permission", "/dev/spidev0.0", 1, []string{"sudo usermod -aG spi tagbase-edge", restart}},

	{"kernel driver of a USB reader", func(r *madeUpBoard) {
		r.config.Device = "acr122_usb:001:007"
		r.write("/proc/modules", "pn533_usb 1 0 - Live 0x0\npn533 1 1 pn533_usb, Live 0x0\nnfc 1 1 pn533, Live 0x0\n")
	}, "modules", "the kernel has loaded reader drivers of its own: pn533_usb, pn533, nfc", 2,
		[]string{`printf 'install pn533_usb /bin/false\ninstall pn533 /bin/false\ninstall nfc /bin/false\n'` +
			" | sudo tee /etc/modprobe.d/tagbase-edge.conf",
			"sudo modprobe -r pn533_usb pn533 nfc"}},
	{"kernel driver on the UART", func(r *madeUpBoard) { r.write("/proc/modules", "pn533_uart 1 0 - Live 0x0\n") },
		"modules", "the kernel has loaded reader drivers of its own: pn533_uart", 2,
		[]string{`printf 'install pn533_uart /bin/false\n' | sudo tee /etc/modprobe.d/tagbase-edge.conf`,
			"sudo modprobe -r pn533_uart"}},

	{"nfc-poll beside it",
		func(r *madeUpBoard) { r.process(71, "nfc-poll", "nfc-poll", "user@1000.service", "/dev/ttyS0") },
		"port", "/dev/ttyS0 is held by nfc-poll (pid 71)", 2, []string{"sudo kill 71"}},
	{"a login", func(r *madeUpBoard) {
		r.process(72, "agetty", "/sbin/agetty ttyS0", "serial-getty@ttyS0.service", "/dev/ttyS0")
	},
		"port", "/dev/ttyS0 is held by agetty (pid 72)", 2,
		[]string{"sudo systemctl mask --now serial-getty@ttyS0.service"}},
	{"ModemManager", func(r *madeUpBoard) {
		r.process(73, "ModemManager", "/usr/sbin/ModemManager", "ModemManager.service", "/dev/ttyS0")
	},
		"port", "held by ModemManager (pid 73)", 2, []string{"sudo systemctl disable --now ModemManager.service"}},
	{"a program that takes ports by itself",
		func(r *madeUpBoard) { r.process(77, "brltty", "/usr/bin/brltty", "brltty.service", "/dev/ttyS0") },
		"port", "held by brltty (pid 77)", 2, []string{"sudo systemctl mask --now brltty.service brltty-udev.service"}},
	{"Bluetooth", func(r *madeUpBoard) {
		r.process(78, "hciattach", "/usr/bin/hciattach", "hciuart.service", "/dev/ttyS0")
	},
		"port", "held by hciattach (pid 78)", 2, []string{"sudo systemctl disable --now hciuart.service"}},
	{"GPS", func(r *madeUpBoard) { r.process(79, "gpsd", "/usr/sbin/gpsd", "gpsd.service", "/dev/ttyS0") },
		"port", "held by gpsd (pid 79)", 2, []string{"sudo systemctl disable --now gpsd.socket gpsd.service"}},
	{"neard and a USB reader", func(r *madeUpBoard) {
		r.config.Device = "acr122_usb:001:007"
		r.process(80, "neard", "/usr/lib/neard", "neard.service")
	}, "port", "neard (pid 80) claims USB readers", 2, []string{"sudo systemctl disable --now neard.service"}},
	{"two at once, one of them the daemon", func(r *madeUpBoard) {
		r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0 two-taps",
			"tagbase-edge.service", "/dev/ttyS0")
		r.process(502, "nfc-list", "nfc-list", "user@1000.service", "/dev/ttyS0")
	}, "port", "held by nfc-list (pid 502)", 2, []string{"sudo kill 502"}},
	{"another service", func(r *madeUpBoard) {
		r.process(74, "octoprint", "python octoprint", "octoprint.service", "/dev/null", "/dev/ttyS0")
	},
		"port", "held by octoprint (pid 74)", 2, []string{"sudo systemctl disable --now octoprint.service"}},
	{"a lock without an open file that is seen", func(r *madeUpBoard) {
		r.process(75, "minicom", "minicom", "user@1000.service")
		r.write("/proc/locks", "1: OFDLCK  ADVISORY  WRITE -1 00:05:1042 0 EOF\n"+
			"2: FLOCK  ADVISORY  WRITE 75 00:05:1042 0 EOF\n2: POSIX  ADVISORY  WRITE 400 b3:02:77 0 EOF\n")
	}, "port", "/dev/ttyS0 is held by minicom (pid 75)", 2, []string{"sudo kill 75"}},
	{"pcscd and a USB reader", func(r *madeUpBoard) {
		r.config.Device = "acr122_usb:001:007"
		r.process(76, "pcscd", "/usr/sbin/pcscd", "pcscd.service")
	}, "port", "pcscd (pid 76) claims USB readers", 2,
		[]string{"sudo systemctl disable --now pcscd.socket pcscd.service"}},

	{"read-only card", func(r *madeUpBoard) { r.replace("/proc/mounts", "rw,noatime", "ro,noatime") },
		"storage", "/, where /var/lib/tagbase-edge is, is mounted read-only", 6,
		[]string{"sudo mount -o remount,rw /", "if it comes back read-only the card is failing: copy it to a new one"}},
	{"failing card", func(r *madeUpBoard) { r.write("/sys/fs/ext4/mmcblk0p2/errors_count", "3\n") },
		"storage", "the file system on mmcblk0p2 has counted 3 errors", 6,
		[]string{"sudo sed -i '1s/$/ fsck.mode=force fsck.repair=yes/' " + cmdline, reboot,
			"if the number grows again the card is failing: copy it to a new one"}},
	{"full card", func(r *madeUpBoard) { r.probes.Free = func(string) (uint64, error) { return 3 << 20, nil } },
		"storage", "3 MiB are free where /var/lib/tagbase-edge is", 6,
		[]string{"sudo journalctl --vacuum-size=50M", "sudo apt clean", "sudo du -xh / | sort -h | tail -20"}},
	{"another's state", func(r *madeUpBoard) {
		r.write("/var/lib/tagbase-edge/clock", "")
		r.files["var/lib/tagbase-edge"] = dirOf(0, 0o755)
	},
		"storage", "tagbase-edge may not write /var/lib/tagbase-edge (-rwxr-xr-x)", 6,
		[]string{"sudo chown -R tagbase-edge: /var/lib/tagbase-edge"}},

	{"masked", func(r *madeUpBoard) { r.link("/etc/systemd/system/tagbase-edge.service", "/dev/null") },
		"service", "tagbase-edge.service is masked", 0,
		[]string{"sudo systemctl unmask tagbase-edge.service", "sudo systemctl enable --now tagbase-edge"}},
	{"not enabled",
		func(r *madeUpBoard) { r.remove("/etc/systemd/system/multi-user.target.wants/tagbase-edge.service") },
		"service", "tagbase-edge.service does not start at boot", 0,
		[]string{"sudo systemctl enable --now tagbase-edge"}},
	{"not running", func(r *madeUpBoard) { r.process(400, "bash", "bash", "") },
		"service", "tagbase-edge.service does not run", 0,
		[]string{"sudo systemctl restart tagbase-edge", "journalctl -u tagbase-edge -n 20 -o cat"}},
	{"old system", func(r *madeUpBoard) {
		r.write("/etc/os-release", "PRETTY_NAME=\"Raspbian GNU/Linux 11 (bullseye)\"\nVERSION_ID=\"11\"\nID=raspbian\n")
	}, "versions", "Raspbian GNU/Linux 11 (bullseye) is older than Debian 12", 0,
		[]string{"write a new card with Raspberry Pi OS Lite, Bookworm or Trixie, 64-bit"}},
	{"old kernel", func(r *madeUpBoard) { r.write("/proc/sys/kernel/osrelease", "5.4.83-v7l+\n") },
		"versions", "Linux 5.4.83-v7l+ is older than 5.10", 0, []string{"sudo apt full-upgrade", reboot}},
}

// The doctor finds every mistake of a system, and its mend, on Bookworm and on Trixie.
func TestSystemMistakesAreFound(t *testing.T) {
	for _, tt := range systemMistakes {
		for codename := range releases {
			t.Run(tt.name+"/"+codename, func(t *testing.T) { tt.test(t, newBoard(models["Pi 3"], codename)) })
		}
	}
}

func (m mistake) test(t *testing.T, r *madeUpBoard) {
	t.Helper()
	m.change(r)
	findings := r.examine()

	mend := m.mend
	if mend == nil {
		mend = []string{"sudo rm /dev/" + r.model.uart, reboot}
	}

	wantWrong(t, findings, m.check, m.found, mend...)

	for _, f := range findings {
		if f.Check == m.check && f.Result == Wrong && f.Code != m.code {
			t.Errorf("%s shows service code %d, want %d", f.Found, f.Code, m.code)
		}
	}

	if Healthy(findings) {
		t.Error("the doctor calls the station healthy")
	}
}

// What only root may know is left out for others, and no ✗.
func TestPortHolderIsSkippedWithoutRoot(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.hidden["/proc/400/fd"] = true
	found := results(r.examine())
	if found["port"] != Skipped || found["open"] != OK {
		t.Errorf("port is %s, open is %s", found["port"], found["open"])
	}
}

// Beside the daemon the reader is not touched, and the daemon is asked.
func TestReaderIsLeftAloneBesideTheDaemon(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0", "tagbase-edge.service",
		"/dev/ttyS0")
	r.probes.Reader = func() []ReaderStep { t.Error("the reader was tried while the daemon held it"); return nil }
	for name, tt := range map[string]struct {
		ask  func() (HeldReader, error)
		want string
	}{
		"no socket": {nil, "held by the daemon; stop it to have the reader tried: sudo systemctl stop tagbase-edge"},
		"ready": {func() (HeldReader, error) { return HeldReader{Says: "ready"}, nil },
			"held by the daemon, which says: ready"},
		"silent": {func() (HeldReader, error) { return HeldReader{}, errSilent },
			"held by the daemon, which does not answer: silent"},
	} {
		r.probes.Daemon = tt.ask
		findings := r.examine()
		if !Healthy(findings) {
			t.Errorf("%s: not healthy:\n%s", name, listing(findings))
		}

		if f := findingOf(t, findings, "port"); f.Found != "held by the daemon (pid 401)" {
			t.Errorf("%s: port: %s", name, f.Found)
		}
		if f := findingOf(t, findings, StepField); f.Found != tt.want {
			t.Errorf("%s: field: %s", name, f.Found)
		}
	}
}

// A tag that has lain on the reader for a minute is wrong, and nothing else is.
func TestTagThatLiesOnTheReaderIsWrong(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0", "tagbase-edge.service",
		"/dev/ttyS0")
	r.probes.Daemon = func() (HeldReader, error) { return HeldReader{Says: "ready", Blocked: true}, nil }
	findings := r.examine()

	f := findingOf(t, findings, StepField)
	if f.Result != Wrong || !strings.HasPrefix(f.Found, "something lies on the reader") || len(f.Mend) == 0 {
		t.Errorf("%+v", f)
	}
	if f := findingOf(t, findings, StepOpen); f.Result != Skipped {
		t.Errorf("%+v", f)
	}
}

// A reader that wakes tags is no fault, but the doctor says so.
func TestReaderThatWakesTagsIsSaid(t *testing.T) {
	r := newBoard(models["Pi 3"], "trixie")
	r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0", "tagbase-edge.service",
		"/dev/ttyS0")
	r.probes.Daemon = func() (HeldReader, error) { return HeldReader{Says: "ready", HaltFails: true}, nil }
	findings := r.examine()

	f := findingOf(t, findings, StepField)
	if !Healthy(findings) || !strings.Contains(f.Found, "of two tags at once it may see only one") || len(f.Better) == 0 {
		t.Errorf("%+v", f)
	}
}

// A reader that does not work is wrong beside the daemon too, with the lamps' service code and a mend.
func TestReaderFaultOfTheDaemonIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		says   HeldReader
		check  string
		code   scan.ServiceCode
		mended string
	}{
		"silent": {HeldReader{Says: "it does not answer", Fault: true}, StepWakeUp, scan.ServiceReaderSilent,
			"is it powered?"},
		"gone": {HeldReader{Says: "it is not there", Fault: true, Gone: true}, StepOpen, scan.ServiceReaderNotFound,
			"sudo fuser -v /dev/ttyS0"},
	} {
		r := newBoard(models["Pi 3"], "trixie")
		r.process(401, "tagbase-edge", "/usr/bin/tagbase-edge reader pn532_uart:/dev/ttyS0", "tagbase-edge.service",
			"/dev/ttyS0")
		r.probes.Reader = func() []ReaderStep { t.Error("the reader was tried while the daemon held it"); return nil }
		r.probes.Daemon = func() (HeldReader, error) { return tt.says, nil }

		findings := r.examine()
		if Healthy(findings) {
			t.Errorf("%s: the doctor calls it healthy", name)
		}

		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Result == Wrong })
		if i < 0 {
			continue // said above
		}

		f := findings[i]
		if f.Check != tt.check || f.Code != tt.code || f.Found != "held by the daemon, which says: "+tt.says.Says ||
			!strings.HasPrefix(f.Mend[0], tt.mended) || f.Mend[len(f.Mend)-1] != tryAlone {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
