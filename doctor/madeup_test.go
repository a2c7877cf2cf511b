// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// A madeUpBoard is a station in files that is in order until a test breaks it.
type madeUpBoard struct {
	files    fstest.MapFS
	hidden   map[string]bool // directories that only root may read
	model    model
	codename string
	config   Config
	probes   Probes
	platform PlatformReach
	steps    []ReaderStep
	holders  map[string]string // of GPIO lines
}

type model struct {
	name string // in the device tree
	kind boardKind
	uart string // that the station is wired to
	text string // config.txt, without comments
}

var models = map[string]model{
	"Pi Zero":   {"Raspberry Pi Zero Rev 1.3", plainPi, "ttyAMA0", "[all]\n"},
	"Pi Zero 2": {"Raspberry Pi Zero 2 W Rev 1.0", radioPi, "ttyAMA0", "[all]\ndtoverlay=disable-bt\n"},
	"Pi 3":      {"Raspberry Pi 3 Model B Plus Rev 1.3", radioPi, "ttyS0", "[all]\nenable_uart=1\n"},
	"Pi 4": {"Raspberry Pi 4 Model B Rev 1.4", radioPi, "ttyAMA0",
		"[cm4]\notg_mode=1\n\n[all]\nenable_uart=1\ndtoverlay=miniuart-bt\n"},
	"Pi 5": {"Raspberry Pi 5 Model B Rev 1.0", pi5, "ttyAMA0",
		"[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\ndtparam=uart0=on\n"},
}

var releases = map[string]string{
	"bookworm": "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n",
	"trixie":   "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nVERSION_ID=\"13\"\nID=debian\n",
}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// newBoard is a board as docs/install.md leaves it.
func newBoard(m model, codename string) *madeUpBoard {
	r := &madeUpBoard{files: fstest.MapFS{}, hidden: map[string]bool{}, model: m, codename: codename,
		holders: map[string]string{}}

	// The kernel, and what runs.
	r.write("/proc/device-tree/model", m.name+"\x00")
	r.write("/proc/sys/kernel/osrelease", "6.12.47+rpt-rpi-v8\n")
	r.write("/proc/modules", "bluetooth 1 0 - Live 0x0\n")
	r.write("/proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n")
	r.write("/proc/locks", "")
	r.process(400, "tagbase-edge", "/usr/bin/tagbase-edge run --config /etc/tagbase-edge/config.toml", "", "/dev/null")

	// The system, its boot partition first.
	r.write("/etc/os-release", releases[codename])
	r.write("/boot/firmware/config.txt", "# For more options see the documentation\ndtparam=audio=on\n"+m.text)
	r.write("/boot/firmware/cmdline.txt", "console=tty1 root=PARTUUID=01 rootfstype=ext4 rootwait\n")
	r.write("/proc/cmdline", "coherent_pool=1M console=tty1 root=PARTUUID=01 rootwait\n")

	// The package, its user and the devices that the user may have.
	r.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"+
		"tagbase-edge:x:990:990::/var/lib/tagbase-edge:/usr/sbin/nologin\n")
	r.write("/etc/group", "root:x:0:\ntty:x:5:\ndialout:x:20:tagbase-edge\nplugdev:x:46:tagbase-edge\n"+
		"gpio:x:997:tagbase-edge\ni2c:x:998:tagbase-edge\nspi:x:999:tagbase-edge\ntagbase-edge:x:990:\n")
	r.write("/usr/lib/systemd/system/tagbase-edge.service", "[Service]\nUser=tagbase-edge\n")
	r.link("/etc/systemd/system/multi-user.target.wants/tagbase-edge.service",
		"/usr/lib/systemd/system/tagbase-edge.service")
	r.write("/run/systemd/timesync/synchronized", "")
	r.write("/etc/tagbase-edge/api-key", "x")
	r.files[rooted("/etc/tagbase-edge/api-key")].Mode = 0o600
	r.node("/dev/"+m.uart, 20)
	r.node("/dev/gpiochip0", 997)

	r.config = Config{
		File: "/etc/tagbase-edge/config.toml", Device: "pn532_uart:/dev/" + m.uart,
		Lamps:    []LampLine{{"green", "GPIO17"}, {"red", "GPIO27"}, {"amber", "GPIO22"}},
		StateDir: "/var/lib/tagbase-edge", KeyFile: "/etc/tagbase-edge/api-key", Key: "key_a:redacted",
		Version: "1.0.0", Libnfc: true,
	}

	// What the probes find.
	r.steps = []ReaderStep{{StepOpen, "it opens", "", false}, {StepWakeUp, "the chip answers", "", false},
		{StepFirmware, "PN532 v1.6", "", false}, {StepField, "on", "", false}}

	r.platform = PlatformReach{Host: "platform.example.com", Port: "443", Addresses: []string{"192.0.2.1"},
		Expires: now.AddDate(0, 3, 0), Status: 404, Dated: true}

	r.probes = Probes{
		User:     "root",
		Reader:   func() []ReaderStep { return r.steps },
		Platform: func() PlatformReach { return r.platform },
		Line:     func(name string) (string, error) { return r.holders[name], nil },
		Free:     func(string) (uint64, error) { return 1 << 30, nil },
		Now:      now, Floor: now.AddDate(0, -1, 0),
		Versions: []string{"libnfc 1.8.0"},
	}

	return r
}

func (r *madeUpBoard) write(file, content string) {
	r.files[rooted(file)] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
}

func (r *madeUpBoard) remove(file string) { delete(r.files, rooted(file)) }

func (r *madeUpBoard) replace(file, old, new string) {
	f := r.files[rooted(file)]
	if !strings.Contains(string(f.Data), old) {
		// The board is not what the test takes it for.
		panic(fmt.Sprintf("%s does not have %q", file, old))
	}
	f.Data = []byte(strings.ReplaceAll(string(f.Data), old, new))
}

func (r *madeUpBoard) link(file, target string) {
	r.files[rooted(file)] = &fstest.MapFile{Data: []byte(target), Mode: 0o777 | fs.ModeSymlink}
}

// node makes a character device, 0660, of a group.
func (r *madeUpBoard) node(file string, gid uint32) *fstest.MapFile {
	r.files[rooted(file)] = &fstest.MapFile{
		Mode: 0o660 | fs.ModeDevice | fs.ModeCharDevice,
		Sys:  &syscall.Stat_t{Gid: gid, Dev: 5, Ino: 1042},
	}
	return r.files[rooted(file)]
}

// process makes a process of a service, "" being none, with open files.
func (r *madeUpBoard) process(pid int, name, args, unit string, open ...string) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	r.write(dir+"comm", name+"\n")
	r.write(dir+"cmdline", strings.ReplaceAll(args, " ", "\x00")+"\x00")
	r.write(dir+"cgroup", "0::/system.slice/"+unit+"\n")
	r.files[rooted(dir+"fd")] = &fstest.MapFile{Mode: 0o500 | fs.ModeDir}
	for fd, file := range open {
		r.link(fmt.Sprintf("%sfd/%d", dir, fd+3), file)
	}
}

// setUART has the station's reader on another port, whose node is there.
func (r *madeUpBoard) setUART(name string) {
	r.config.Device = "pn532_uart:/dev/" + name
	r.node("/dev/"+name, 20)
}

// A guarded is a made-up board's files, of which some are for root alone.
type guarded struct {
	fstest.MapFS
	hidden map[string]bool
}

func (g guarded) ReadDir(name string) ([]fs.DirEntry, error) {
	if g.hidden["/"+name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return g.MapFS.ReadDir(name)
}

func (r *madeUpBoard) examine() []Finding {
	return Examine(Subject{Root: guarded{r.files, r.hidden}, Config: r.config, Probes: r.probes})
}

// wantWrong wants one finding of a check to be wrong, with found in its text and exactly this mend.
func wantWrong(t *testing.T, findings []Finding, check, found string, mend ...string) {
	t.Helper()
	for _, f := range findings {
		if f.Check != check || f.Result != Wrong || !strings.Contains(f.Found, found) {
			continue
		}
		if got := strings.Join(f.Mend, "\n"); got != strings.Join(mend, "\n") {
			t.Errorf("%s: %s\nmend:\n%s\nwant:\n%s", check, f.Found, got, strings.Join(mend, "\n"))
		}

		return
	}

	t.Errorf("no ✗ of %s with %q; there are:\n%s", check, found, listing(findings))
}

// findingOf returns the one finding of a check.
func findingOf(t *testing.T, findings []Finding, check string) Finding {
	t.Helper()
	var found []Finding

	for _, f := range findings {
		if f.Check == check {
			found = append(found, f)
		}
	}

	if len(found) != 1 {
		t.Fatalf("%d findings of %s, want one:\n%s", len(found), check, listing(findings))
	}

	return found[0]
}

func listing(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Result, f.Check, f.Found)
	}
	return b.String()
}

// onEachBoard runs one test body on every made-up board and system.
func onEachBoard(t *testing.T, body func(t *testing.T, r *madeUpBoard)) {
	for name, m := range models {
		for codename := range releases {
			t.Run(name+"/"+codename, func(t *testing.T) { body(t, newBoard(m, codename)) })
		}
	}
}
