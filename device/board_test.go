// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A board is the emulated arm64 board: GPIO lines of gpio-sim by the names that a
// Raspberry Pi gives them, and a PN532 that is plugged in as a serial port over USB.
type board struct {
	*guest
	reader *simreader.PN532
	plug   net.Conn // nil while the reader is unplugged
	served chan struct{}
}

func (b *board) arguments(platformPort string) func(g *guest) []string {
	return func(g *guest) []string {
		return []string{
			"-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "512",
			"-kernel", filepath.Join(g.image, "vmlinuz"), "-initrd", filepath.Join(g.image, "initrd"),
			"-append", "root=LABEL=board console=ttyAMA0 quiet board-gpio",
			"-drive", "file=" + g.file("disk") + ",if=virtio,cache=writeback",
			// Neither network leads anywhere but where these rules do.
			"-netdev", "user,id=ours,net=10.0.2.0/24,restrict=on,hostfwd=tcp:127.0.0.1:" + g.ssh + "-10.0.2.15:22",
			"-device", "virtio-net-pci,netdev=ours,mac=52:54:00:00:00:02,romfile=",
			"-netdev", "user,id=far,net=10.0.3.0/24,restrict=on,guestfwd=tcp:10.0.3.100:443-cmd:nc -N 127.0.0.1 " +
				platformPort,
			"-device", "virtio-net-pci,netdev=far,mac=52:54:00:00:00:03,romfile=",
			"-device", "qemu-xhci",
			"-chardev", "socket,id=reader,path=" + g.file("reader") + ",server=on,wait=off",
			"-device", "usb-serial,chardev=reader",
		}
	}
}

// plugIn plugs the reader in.
func (b *board) plugIn() {
	b.Helper()
	conn, err := net.Dial("unix", b.file("reader"))
	if err != nil {
		b.Fatal(err)
	}

	b.plug, b.served = conn, make(chan struct{})
	go func() {
		defer close(b.served)
		b.reader.Serve(conn)
	}()
}

func (b *board) unplug() {
	b.plug.Close()
	await.Value(b, "the end of the reader's serving", b.served)
	b.plug = nil
}

// watchLamps has the bench's lamps follow the board's lines.
func (r *machineTest) watchLamps(ctx context.Context) {
	r.Helper()
	if _, err := follow(ctx, r.machine,
		"cd /sys/devices/platform/gpio-sim.0/gpiochip*/ && exec /usr/local/bin/lampwatch "+
			"sim_gpio17/value sim_gpio27/value sim_gpio22/value", func(line string) {
			var lamp, level int
			if n, _ := fmt.Sscan(line, &lamp, &level); n == 2 {
				os.WriteFile(r.bench.Lamps.Path(sim.Colour(lamp)), fmt.Appendf(nil, "%d\n", level), 0)
			}
		}); err != nil {
		r.Fatal(err)
	}
}

// TestBoard is a station's life, from the package's installation to its removal.
func TestBoard(t *testing.T) {
	skipUnlessPossible(t)
	bench := benchOn(t)
	r := &machineTest{T: t, bench: bench}
	b := &board{reader: simreader.NewPN532(bench.Field)}
	b.guest = boot(t, os.Getenv("BOARD"), b.arguments(r.servePlatform()))
	r.machine = b.guest
	r.copy(os.Getenv("LAMPWATCH"), "/usr/local/bin/lampwatch")
	r.mustRun("chmod 755 /usr/local/bin/lampwatch")
	r.watchLamps(t.Context())
	r.followLog(t.Context())

	r.runCase("installed with apt: asks nothing, starts nothing", freshInstall)
	r.runCase("the docs' steps, to the first green lamp", func(r *machineTest) { r.firstGreen(b) })
	r.runCase("an invalid tag is red, and dark after 3 s", copyTurnsRed)
	r.runCase("unplugged: service code 1; plugged in: verdicts", func(r *machineTest) { r.replugged(b) })
	r.runCase("network cut: amber, not sent; back: verdicts", func(r *machineTest) { r.networkCut(b) })
	r.runCase("power cut in mid-scan: dark, and the scan is unknown", func(r *machineTest) { r.powerCut(b) })
	r.runCase("SIGKILL while green: dark, and back", killedDaemonComesBack)
	r.runCase("SIGSTOP while green: the watchdog, dark, and back", stoppedDaemonComesBack)
	r.runCase("the reader's process aborts: a new one", abortedReaderComesBack)
	r.runCase("a reload with a good configuration is used at once", reloadGood)
	r.runCase("a reload with a bad configuration keeps the old one", reloadBad)
	r.runCase("a new key", keyRotation)
	r.runCase("a lamp's line that somebody holds, none, no permission: code 7, verdicts go on", lampsFail)
	r.runCase("an upgrade with a scan in flight", upgradeWithScanInFlight)
	r.runCase("an upgrade that does not take the configuration", upgradeThatRefusesTheConfiguration)
	r.runCase("at the epoch, then stepped: verdicts", clockAtEpoch)
	r.runCase("SIGTERM while green: dark", terminatedDaemonIsDark)
	r.runCase("removed and purged: nothing is left", removeAndPurge)
}

// servePlatform lets the bench's platform be met under the name that the board knows, and returns its port.
func (r *machineTest) servePlatform() string {
	r.Helper()
	authority, err := simplatform.NewAuthority()
	if err != nil {
		r.Fatal(err)
	}

	now := time.Now()
	cert, err := authority.Issue(now.AddDate(-2, 0, 0), now.AddDate(1, 0, 0), "platform.test")
	if err != nil {
		r.Fatal(err)
	}

	server, err := simplatform.Serve(r.bench.Platform, "127.0.0.1:0", cert)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { server.Close() })

	if err := os.WriteFile(filepath.Join(r.bench.Dir, "ca.pem"), authority.PEM(), 0o644); err != nil {
		r.Fatal(err)
	}

	return port(server.URL)
}

// stationConfig is what the docs have a technician write, on this bench.
const stationConfig = `[reader]
device = "pn532_uart:/dev/ttyUSB0"

[tags]
entry_points = ["https://tap.example.com/"]

[platform]
base_url = "https://platform.test/api/v1"
ca_file = "/etc/tagbase-edge/ca.pem"

[leds]
green = "GPIO17"
red = "GPIO27"
amber = "GPIO22"
`

func (r *machineTest) firstGreen(b *board) {
	ca, err := os.ReadFile(filepath.Join(r.bench.Dir, "ca.pem"))
	if err != nil {
		r.Fatal(err)
	}

	r.write("/etc/tagbase-edge/ca.pem", 0o644, string(ca))
	r.config = stationConfig
	r.configure("")

	// README.md, Install.
	r.mustRun("install -m 0600 /dev/stdin /etc/tagbase-edge/api-key <<'END'\n%s\nEND", r.bench.Key)
	r.mustRun("tagbase-edge check")
	r.mustRun("systemctl enable --now tagbase-edge")
	r.awaitLog(`"service_code":1`)

	b.plugIn()
	r.awaitReader()
	r.twoTaps()
	r.awaitLampsWithin(dark, patience)

	fmt.Printf("     %s\n", r.mustRun(memoryScript))
}

// memoryScript prints what the daemon and its reader's process hold in memory. It is a format: %% is a percent sign.
const memoryScript = `for p in $(cat /sys/fs/cgroup/system.slice/tagbase-edge.service/cgroup.procs); do
	cat /proc/$p/smaps_rollup
done |
awk '/^Rss/ { r += $2 } /^Pss:/ { p += $2 }
END { printf "%%.1f MB resident, %%.1f MB proportional, both processes", r*1.024/1000, p*1.024/1000 }'`

func copyTurnsRed(r *machineTest) {
	r.bench.Tags.Recapture()
	first := r.tap("clone", "pending")
	r.put("clone")
	if scan := r.nextScan(); scan.Outcome != "invalid" || scan.CarriedSession != first.Session {
		r.Fatalf("a copy's second tap is %s in %q", scan.Outcome, scan.CarriedSession)
	}

	r.awaitLamps(red)
	lit := time.Now()
	r.awaitLamps(dark)
	if d := time.Since(lit); d > 4*time.Second {
		r.Errorf("red was lit for %v", d)
	}

	r.takeAway()
}

func (r *machineTest) replugged(b *board) {
	r.log.forget()
	b.unplug()
	r.awaitLog(`"msg":"reader"`, `"service_code":1`)
	r.eventually("systemctl show -p StatusText " + unit + " | grep -q 'service code 1: reader not found'")
	r.awaitLamps(amber)

	b.plugIn()
	r.awaitReader()
	r.twoTaps()
}

func (r *machineTest) networkCut(b *board) {
	b.cable(false)
	r.put("genuine-424")
	r.awaitLamps(amber)
	scan := r.nextScan()
	r.takeAway()
	if scan.Outcome != "not_sent" && scan.Outcome != "unknown" {
		r.Fatalf("with the cable out: %s %s", scan.Outcome, scan.Reason)
	}

	fmt.Printf("     with the cable out a tap is %s %s\n", scan.Outcome, scan.Reason)
	b.cable(true)
	r.mustRun("until ip route get 10.0.3.100 | grep -q 10.0.3.15; do sleep 0.2; done")

	for {
		r.put("genuine-424")
		scan := r.nextScan()
		r.takeAway()
		if scan.Outcome == "pending" {
			r.greenAfter(scan.Session)
			return
		}
	}
}

func (r *machineTest) powerCut(b *board) {
	answer := r.putAndHoldAnswer()
	b.cutPower()
	answer()
	r.bench.Field.Remove()
	await.Value(r, "the log ends with the power", r.log.done)

	b.awaitUp()
	r.watchLamps(b.Context())
	r.followLog(b.Context())
	r.awaitLamps(dark)
	r.eventually("systemctl show -p StatusText " + unit + " | grep -q 'reader ready'")
	last := r.mustRun("tagbase-edge scans --json | tail -n 1")
	if !strings.Contains(last, `"outcome":"unknown"`) || !strings.Contains(last, `"reason":"restart"`) {
		r.Errorf("the scan in flight is journaled as %s", last)
	}

	r.twoTaps()
}

func abortedReaderComesBack(r *machineTest) {
	pid := r.unitProperty("MainPID")
	r.log.forget()
	child := r.mustRun("cat /proc/%s/task/*/children", pid)
	r.mustRun("kill -ABRT %s", child)

	children := fmt.Sprintf(`"$(cat /proc/%s/task/*/children)"`, pid)
	r.eventually(fmt.Sprintf(`[ -n %s ] && [ %s != "%s " ]`, children, children, child))
	r.twoTaps()
	if now := r.unitProperty("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
}

func lampsFail(r *machineTest) {
	for _, c := range []struct{ before, after, lamps, said string }{
		{"systemd-run --unit holder gpioset -m signal pinctrl-bcm2711 5=0", "systemctl stop holder",
			`amber = "GPIO5"`, "another program"},
		{"true", "true", `amber = "GPIO99"`, "gpioinfo lists"},
		{"chmod 0600 /dev/gpiochip*", "chmod 0660 /dev/gpiochip*", `amber = "GPIO6"`, "group gpio"},
	} {
		r.mustRun("%s", c.before)
		r.config = strings.Replace(stationConfig, `amber = "GPIO22"`, c.lamps, 1)
		r.configure("")
		r.log.forget()
		r.mustRun("systemctl restart %s", unit)
		r.awaitLog(`"service_code":7`, c.said)
		r.eventually("systemctl show -p StatusText " + unit + " | grep -q 'service code 7: lamps'")
		r.tap("genuine-424", "pending")
		r.tap("genuine-424", "valid")
		r.mustRun("%s", c.after)
	}

	r.config = stationConfig
	r.configure("")
	r.log.forget()
	r.mustRun("systemctl restart %s", unit)
	r.awaitStart()
	r.twoTaps()
}

func clockAtEpoch(r *machineTest) {
	now := time.Now().Unix()
	r.mustRun("systemctl stop %s && rm -f /var/lib/tagbase-edge/clock && date -s @86400", unit)
	r.log.forget()
	r.mustRun("systemctl start %s", unit)
	r.awaitStart()

	first := r.tap("genuine-424", "pending")
	r.mustRun("date -s @%d", now)
	r.greenAfter(first.Session)

	first = r.tap("genuine-424", "pending")
	r.mustRun("date -s @%d", now+10*365*86400)
	r.greenAfter(first.Session)

	r.mustRun("date -s @%d", now)
	r.twoTaps()
}

func terminatedDaemonIsDark(r *machineTest) {
	r.twoTapsUntil(green)
	r.mustRun("systemctl stop %s", unit)
	r.awaitLampsWithin(dark, time.Second)

	r.log.forget()
	r.mustRun("systemctl start %s", unit)
	r.awaitStart()
}
