// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// TestService is what needs systemd and no board.
func TestService(t *testing.T) {
	skipUnlessPossible(t)
	bench := benchOn(t)
	r := &machineTest{T: t, bench: bench}
	began := time.Now()
	r.machine = startContainer(t, os.Getenv("ROOT"), bench.Dir)
	fmt.Printf("boot %6.1f s, %s\n", time.Since(began).Seconds(), r.mustRun("systemctl --version | head -n 1"))
	r.followLog(t.Context())

	r.runCase("a fresh install asks nothing and starts nothing", freshInstall)
	r.runCase("configured, it runs: ready, and what it does in words", firstStart)
	r.runCase("two taps, green", (*machineTest).twoTaps)
	r.runCase("a reload with a good configuration is used at once", reloadGood)
	r.runCase("a reload with a bad configuration keeps the old one", reloadBad)
	r.runCase("a new key is read at a reload", keyRotation)
	r.runCase("without a key it says so, and comes up when the key is there", withoutAKey)
	r.runCase("SIGKILL: dark, and back within 3 s", killedDaemonComesBack)
	r.runCase("SIGSTOP: the watchdog ends it", stoppedDaemonComesBack)
	r.runCase("an upgrade restarts it after the scan in flight", upgradeWithScanInFlight)
	r.runCase("an upgrade that does not take the configuration leaves it running", upgradeThatRefusesTheConfiguration)
	r.runCase("a second station beside it", secondStation)
	r.runCase("an upgrade that finds a key that is none leaves it running", upgradeWithoutAKey)
	r.runCase("only unpacked, then purged: nothing is left", purgeWhenOnlyUnpacked)
	r.runCase("removed, nothing runs; installed again, it runs; purged, nothing is left", removeAndPurge)
}

// benchOn is a bench in a directory that the station's user may use.
func benchOn(t *testing.T) *sim.Bench {
	t.Helper()
	dir, err := os.MkdirTemp("/srv", "tagbase-bench-") // not /tmp: the unit has its own
	if err != nil {
		t.Fatal(err)
	}

	bench, err := sim.NewBench(dir)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		bench.Close()
		os.RemoveAll(dir)
	})

	os.Chmod(dir, 0o755)
	os.Chmod(bench.Socket(), 0o666)
	for _, lamp := range []sim.Colour{sim.Green, sim.Red, sim.Amber} {
		os.Chmod(bench.Lamps.Path(lamp), 0o666)
	}

	return bench
}

// benchConfig is a station's configuration on the bench, with more lines at its end.
func (r *machineTest) benchConfig(more string) string {
	r.Helper()
	if r.config != "" {
		return r.config + more
	}

	file, err := r.bench.WriteConfig("simulated", more)
	if err != nil {
		r.Fatal(err)
	}

	b, err := os.ReadFile(file)
	if err != nil {
		r.Fatal(err)
	}

	text := string(b)
	for _, own := range []string{"state_dir", "socket", "key_file"} {
		i := strings.Index(text, own+" = ")
		text = text[:i] + text[i+strings.Index(text[i:], "\n")+1:]
	}

	return text
}

func (r *machineTest) configure(more string) {
	r.Helper()
	r.write("/etc/tagbase-edge/config.toml", 0o644, r.benchConfig(more))
}

func freshInstall(r *machineTest) {
	r.copy(os.Getenv("DEB"), "/var/tmp/tagbase-edge.deb")
	r.mustRun("apt-get -q update 2>&1")
	said := r.mustRun("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	if !strings.Contains(said, "systemctl enable --now tagbase-edge") {
		r.Errorf("the install does not say what to do next:\n%s", said)
	}
	if state := r.mustFail("systemctl is-active %s", unit); state != "inactive" {
		r.Errorf("without a key the unit is %s", state)
	}

	r.mustRun("systemctl is-system-running && tagbase-edge check")

	// An image may leave documents and manual pages out.
	changed := r.mustRun("dpkg --verify tagbase-edge | grep -vE '/usr/share/(doc|man)'; " +
		"dpkg-query -W -f '${Conffiles}' tagbase-edge")

	if changed != "" {
		r.Errorf("conffiles, or changed files: %s", changed)
	}
}

func firstStart(r *machineTest) {
	r.configure("")
	r.write("/etc/tagbase-edge/api-key", 0o600, r.bench.Key+"\n")
	r.mustRun("tagbase-edge check && systemctl enable --now %s", unit)
	r.awaitStart()

	pid := r.unitProperty("MainPID")
	if user := r.mustRun("ps -o user= -p %s 2>/dev/null || stat -c %%U /proc/%s", pid, pid); user != unit {
		r.Errorf("it runs as %q", user)
	}
}

func killedDaemonComesBack(r *machineTest) {
	restarts := r.unitNumber("NRestarts")
	began := r.signalAtGreen("KILL")
	r.awaitLampsWithin(dark, 3*time.Second)
	r.awaitStart()
	fmt.Printf("     dark and ready %.1f s after SIGKILL\n", time.Since(began).Seconds())
	if n := r.unitNumber("NRestarts"); n != restarts+1 {
		r.Errorf("%d restarts, want one more than %d", n, restarts)
	}
}

// signalAtGreen sends the daemon a signal the moment it logs that a tag is valid,
// which is when green is lit. To come from outside takes longer than green lasts.
func (r *machineTest) signalAtGreen(signal string) (lit time.Time) {
	r.Helper()
	pid := r.unitProperty("MainPID")
	script := fmt.Sprintf(`journalctl -u %s -n 0 -f -o cat | { grep -q -m1 '"outcome":"valid"'; kill -%s %s; }`, unit,
		signal, pid)
	ctx, cancel := context.WithTimeout(r.Context(), 3*patience)
	r.Cleanup(cancel)
	go output(ctx, r.machine, script)
	r.eventually(fmt.Sprintf("pgrep -fx 'journalctl -u %s -n 0 -f -o cat'", unit))
	r.twoTapsUntil(green)
	r.log.forget()

	return time.Now()
}

// twoTapsUntil leaves the lamp of a verdict lit.
func (r *machineTest) twoTapsUntil(want sim.Lit) {
	r.Helper()
	first := r.tap("genuine-424", "pending")
	if scan := r.readScan("genuine-424"); scan.CarriedSession != first.Session {
		r.Fatalf("the second tap was in %q, want %q", scan.CarriedSession, first.Session)
	}

	r.awaitLamps(want)
	r.bench.Field.Remove()
}

func stoppedDaemonComesBack(r *machineTest) {
	restarts := r.unitNumber("NRestarts")
	began := r.signalAtGreen("STOP")
	await.Elapse(4 * time.Second) // green would have gone out by itself
	if lit := r.bench.Lamps.Lit(); lit != green {
		r.Errorf("4 s after SIGSTOP the lamps are %v: it was not stopped while green was lit", lit)
	}

	r.awaitLampsWithin(dark, 25*time.Second)
	fmt.Printf("     dark %.1f s after SIGSTOP\n", time.Since(began).Seconds())
	r.awaitStart()
	if n := r.unitNumber("NRestarts"); n != restarts+1 {
		r.Errorf("%d restarts, want one more than %d", n, restarts)
	}

	r.twoTaps()
}

func reloadGood(r *machineTest) {
	pid := r.unitProperty("MainPID")
	r.configure("\n[session]\nwindow = \"9m\"\n")
	r.mustRun("systemctl reload %s", unit)
	r.awaitStart()
	r.eventually("systemctl show -p ActiveState " + unit + " | grep -qx ActiveState=active")

	r.write("/etc/tagbase-edge/config.toml", 0o644,
		strings.ReplaceAll(r.benchConfig(""), sim.EntryPoint, "https://other.example.com/"))
	r.log.forget()
	r.mustRun("systemctl reload %s", unit)
	r.awaitStart()
	r.tap("genuine-424", "foreign")
	r.configure("")
	r.log.forget()
	r.mustRun("systemctl reload %s", unit)
	r.awaitStart()
	r.twoTaps()
	if now := r.unitProperty("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
}

func reloadBad(r *machineTest) {
	pid := r.unitProperty("MainPID")
	r.write("/etc/tagbase-edge/config.toml", 0o644, r.benchConfig("")+"\n[reader]\ndevice = nonsense\n")
	r.log.forget()
	r.mustRun("systemctl reload %s", unit)
	r.awaitLog("config.toml:", `"error"`)
	r.eventually("systemctl show -p StatusText " + unit + " | grep -q 'old configuration'")
	r.twoTaps()
	if now := r.unitProperty("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}

	r.configure("")
	r.log.forget()
	r.mustRun("systemctl reload %s", unit)
	r.awaitStart()
}

func keyRotation(r *machineTest) {
	r.bench.Platform.SetKey("key_bench:rotated")
	if scan := r.tap("genuine-424", "refused"); scan.Reason != "key" {
		r.Errorf("with the old key: %s", scan.Reason)
	}

	r.write("/etc/tagbase-edge/api-key", 0o600, "key_bench:rotated\n")
	r.log.forget()
	// systemd hands a credential over at a start only.
	r.mustRun("systemctl restart %s", unit)
	r.awaitStart()
	r.twoTaps()

	r.bench.Platform.SetKey(r.bench.Key)
	r.mustRun("install -o tagbase-edge -m 0600 /dev/null /etc/tagbase-edge/own-key")
	r.mustRun("cp /etc/tagbase-edge/api-key /etc/tagbase-edge/own-key")
	text := strings.Replace(r.benchConfig(""), "[platform]\n",
		"[platform]\nkey_file = \"/etc/tagbase-edge/own-key\"\n", 1)
	r.write("/etc/tagbase-edge/config.toml", 0o644, text)
	r.log.forget()
	r.mustRun("systemctl restart %s", unit)
	r.awaitStart()

	r.mustRun("cat >/etc/tagbase-edge/own-key <<'END'\n%s\nEND", r.bench.Key)
	r.log.forget()
	r.mustRun("systemctl reload %s", unit)
	r.awaitStart()
	r.twoTaps()

	r.write("/etc/tagbase-edge/api-key", 0o600, r.bench.Key+"\n")
	r.configure("")
	r.mustRun("systemctl restart %s", unit)
	r.awaitStart()
}

func withoutAKey(r *machineTest) {
	r.mustRun("mv /etc/tagbase-edge/api-key /etc/tagbase-edge/kept")
	r.log.forget()
	r.mustFail("systemctl restart %s", unit)
	r.awaitLog("platform.key_file")
	if status := r.unitProperty("ExecMainStatus"); status != "78" && status != "0" {
		r.Errorf("it ended with %s, want 78", status)
	}

	r.mustRun("mv /etc/tagbase-edge/kept /etc/tagbase-edge/api-key")
	r.awaitStart() // by itself
}

// upgradeWithScanInFlight upgrades the package in the two steps in which apt does. It unpacks before the tap: on an
// emulated board beside other work that takes longer than a scan may, and the daemon would have no scan to wait for.
func upgradeWithScanInFlight(r *machineTest) {
	r.copy(os.Getenv("DEB_NEXT"), "/var/tmp/next.deb")
	longest := "[platform]\ntimeout = \"60s\"\n" // the most there is
	text := strings.Replace(r.benchConfig(""), "[platform]\n", longest, 1)
	r.write("/etc/tagbase-edge/config.toml", 0o644, text)
	r.log.forget()
	r.mustRun("systemctl restart %s", unit)
	r.awaitStart()
	pid := r.unitProperty("MainPID")
	r.mustRun("dpkg --unpack /var/tmp/next.deb 2>&1")
	r.log.forget()

	answer := r.putAndHoldAnswer()
	configured := make(chan error, 1)
	go func() { // ends with dpkg, or with the test
		_, err := output(r.Context(), r.machine, "dpkg --configure tagbase-edge </dev/null 2>&1")
		configured <- err
	}()

	// The daemon has its SIGTERM, and stays in this state until the answer is there.
	r.eventually("[ $(systemctl show --value -p SubState " + unit + ") = stop-sigterm ]")
	answer()
	scan := r.nextScan()
	r.bench.Field.Remove()
	if scan.Outcome != "pending" {
		r.Errorf("the scan in flight is %s %s", scan.Outcome, scan.Reason)
	}
	if err := await.Value(r, "the package is configured", configured); err != nil {
		r.Error(err)
	}

	r.awaitStart()
	if now := r.unitProperty("MainPID"); now == pid {
		r.Error("the old process runs on")
	}
	if version := r.mustRun("tagbase-edge version"); !strings.Contains(version, os.Getenv("VERSION_NEXT")) {
		r.Errorf("it is %s", version)
	}

	r.takeAway() // what lies there within 40 ms of the reader's first look has rested
	r.greenAfter(scan.Session)
}

// putAndHoldAnswer lays a tag on the reader, and returns when the platform has its scan, whose answer waits until
// answer is called.
func (r *machineTest) putAndHoldAnswer() (answer func()) {
	r.Helper()
	posted, release := make(chan struct{}), make(chan struct{})
	r.bench.Platform.OnPost(func(simplatform.Post) { close(posted); <-release })
	answer = sync.OnceFunc(func() { close(release) })
	r.Cleanup(answer) // the platform cannot close before it has answered

	atPlatform := func() bool {
		select {
		case <-posted:
			return true
		default:
			return false
		}
	}

	for range 5 {
		r.put("genuine-424")
		await.Until(r, "the scan is at the platform, or its read is torn", func() bool {
			return atPlatform() || r.log.holds(`"reason":"torn"`)
		})

		if atPlatform() {
			r.bench.Platform.OnPost(nil)
			return answer
		}

		// A busy machine tore the read, and nothing was posted: tap again, as readScan does.
		r.log.forget()
		r.takeAway()
	}

	r.Fatalf("five taps in a row were torn\n%s", r.log.end())

	return answer
}

// upgradeThatKeepsTheOld installs the package again, which says why, and leaves the process that runs.
func (r *machineTest) upgradeThatKeepsTheOld(why string) {
	r.Helper()
	pid := r.unitProperty("MainPID")
	r.log.forget()
	said := r.mustRun("apt-get install -y -q --reinstall --allow-downgrades /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	if !strings.Contains(said, "keeps running the old version") || !strings.Contains(said, why) {
		r.Errorf("the upgrade says:\n%s", said)
	}

	r.twoTaps()

	// The old process starts its reader of its own program, which has no name any more.
	r.mustRun("kill -KILL $(cat /proc/%s/task/*/children)", pid)
	r.twoTaps()
	if now := r.unitProperty("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
}

func upgradeThatRefusesTheConfiguration(r *machineTest) {
	r.mustRun("echo '[nonsense]' >>/etc/tagbase-edge/config.toml")
	r.upgradeThatKeepsTheOld("nonsense")
	r.configure("")
}

func secondStation(r *machineTest) {
	text := strings.Replace(r.benchConfig(""), `name = "bench"`, `name = "second"`, 1)
	r.write("/etc/tagbase-edge/second.toml", 0o644, text)
	r.mustRun("cp /etc/tagbase-edge/api-key /etc/tagbase-edge/second.api-key && systemctl start tagbase-edge@second")
	r.eventually("test -S /run/tagbase-edge-second/api.sock")
	r.mustRun("systemctl is-active tagbase-edge@second %s && test -d /var/lib/tagbase-edge-second", unit)
	r.mustRun("systemctl stop tagbase-edge@second")
}

func upgradeWithoutAKey(r *machineTest) {
	r.mustRun("cp /etc/tagbase-edge/api-key /root/kept && echo not-a-key >/etc/tagbase-edge/api-key")
	r.upgradeThatKeepsTheOld("standard input holds no key")
	r.mustRun("mv /root/kept /etc/tagbase-edge/api-key")
}

// purgeWhenOnlyUnpacked leaves the package as a power cut in an upgrade does, and gives it up.
func purgeWhenOnlyUnpacked(r *machineTest) {
	r.mustRun("cp -a /etc/tagbase-edge /root/kept && dpkg --unpack /var/tmp/next.deb 2>&1 && systemctl is-active %s",
		unit)

	r.mustRun("dpkg --purge tagbase-edge 2>&1")
	r.nothingLeft()
	r.awaitLamps(dark)

	r.mustRun("mv /root/kept /etc/tagbase-edge")
	r.log.forget()
	r.mustRun("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	r.awaitStart()
}

func removeAndPurge(r *machineTest) {
	r.mustRun("apt-get remove -y -q tagbase-edge 2>&1")
	r.mustRun("! systemctl is-active %s && test -e /etc/tagbase-edge/config.toml && "+
		"! ls -d /run/tagbase-edge /etc/systemd/system/*/tagbase-edge* 2>/dev/null", unit)
	r.awaitLamps(dark)
	r.log.forget()
	r.mustRun("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	r.awaitStart()

	r.mustRun("apt-get purge -y -q tagbase-edge 2>&1")
	r.nothingLeft()
}

func (r *machineTest) nothingLeft() {
	r.Helper()
	left := r.mustRun("find / /run -xdev -name '*tagbase*' -not -path '/proc/*' -not -path '/tmp/*' "+
		"-not -path '/srv/*' -not -path '/sys/*' -not -path '/var/tmp/*' 2>/dev/null; "+
		"pgrep -ax tagbase-edge; getent passwd %s; systemctl list-units --no-legend 'tagbase*'; true", unit)

	if left != "" {
		r.Errorf("after purge there is\n%s", left)
	}
}

// port is a server's port on this machine's loopback.
func port(rawURL string) string {
	u, _ := url.Parse(rawURL)
	_, port, _ := net.SplitHostPort(u.Host)
	return port
}
