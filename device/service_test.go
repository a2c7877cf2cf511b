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
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// TestService is what needs systemd and no board.
func TestService(t *testing.T) {
	need(t)
	bench := benchOn(t)
	r := &rig{T: t, bench: bench}
	began := time.Now()
	r.machine = startContainer(t, os.Getenv("ROOT"), bench.Dir)
	fmt.Printf("boot %6.1f s, %s\n", time.Since(began).Seconds(), r.sh("systemctl --version | head -n 1"))
	r.followLog(t.Context())

	r.of("a fresh install asks nothing and starts nothing", freshInstall)
	r.of("configured, it runs: ready, and what it does in words", configured)
	r.of("two taps, green", (*rig).twoTaps)
	r.of("a reload with a good configuration is used at once", reloadGood)
	r.of("a reload with a bad configuration keeps the old one", reloadBad)
	r.of("a new key is read at a reload", keyRotation)
	r.of("without a key it says so, and comes up when the key is there", noKey)
	r.of("SIGKILL: dark, and back within 3 s", killed)
	r.of("SIGSTOP: the watchdog ends it", stopped)
	r.of("an upgrade restarts it after the scan in flight", upgraded)
	r.of("an upgrade that does not take the configuration leaves it running", upgradeRefused)
	r.of("a second station beside it", secondStation)
	r.of("an upgrade that finds a key that is none leaves it running", keylessUpgrade)
	r.of("only unpacked, then purged: nothing is left", unpackedPurged)
	r.of("removed, nothing runs; installed again, it runs; purged, nothing is left", purged)
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
func (r *rig) benchConfig(more string) string {
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

func (r *rig) configure(more string) {
	r.Helper()
	r.write("/etc/tagbase-edge/config.toml", 0o644, r.benchConfig(more))
}

func freshInstall(r *rig) {
	r.copy(os.Getenv("DEB"), "/var/tmp/tagbase-edge.deb")
	r.sh("apt-get -q update 2>&1")
	said := r.sh("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	if !strings.Contains(said, "systemctl enable --now tagbase-edge") {
		r.Errorf("the install does not say what to do next:\n%s", said)
	}
	if state := r.fails("systemctl is-active %s", unit); state != "inactive" {
		r.Errorf("without a key the unit is %s", state)
	}
	r.sh("systemctl is-system-running && tagbase-edge check")
	if changed := r.sh("dpkg --verify tagbase-edge | grep -vE '/usr/share/(doc|man)'; : an image may leave these out; dpkg-query -W -f '${Conffiles}' tagbase-edge"); changed != "" {
		r.Errorf("conffiles, or changed files: %s", changed)
	}
}

func configured(r *rig) {
	r.configure("")
	r.write("/etc/tagbase-edge/api-key", 0o600, r.bench.Key+"\n")
	r.sh("tagbase-edge check && systemctl enable --now %s", unit)
	r.awaitStart()
	if user := r.sh("ps -o user= -p %s 2>/dev/null || stat -c %%U /proc/%s", r.show("MainPID"), r.show("MainPID")); user != unit {
		r.Errorf("it runs as %q", user)
	}
}

func killed(r *rig) {
	restarts := r.number("NRestarts")
	began := r.strikeAtGreen("KILL")
	r.lightsWithin(dark, 3*time.Second)
	r.awaitStart()
	fmt.Printf("     dark and ready %.1f s after SIGKILL\n", time.Since(began).Seconds())
	if n := r.number("NRestarts"); n != restarts+1 {
		r.Errorf("%d restarts, want one more than %d", n, restarts)
	}
}

// strikeAtGreen sends the daemon a signal the moment it logs that a tag is valid,
// which is when green is lit. To come from outside takes longer than green lasts.
func (r *rig) strikeAtGreen(signal string) (lit time.Time) {
	r.Helper()
	pid := r.show("MainPID")
	script := fmt.Sprintf(`journalctl -u %s -n 0 -f -o cat | { grep -q -m1 '"outcome":"valid"'; kill -%s %s; }`, unit, signal, pid)
	ctx, cancel := context.WithTimeout(r.Context(), 3*patience)
	r.Cleanup(cancel)
	go output(ctx, r.machine, script)
	r.eventually(fmt.Sprintf("pgrep -fx 'journalctl -u %s -n 0 -f -o cat'", unit))
	r.twoTapsTo(green)
	r.log.forget()
	return time.Now()
}

// twoTapsTo leaves the lamp of a verdict lit.
func (r *rig) twoTapsTo(want sim.Lit) {
	r.Helper()
	first := r.tap("genuine-424", "pending")
	r.put("genuine-424")
	if scan := r.nextScan(); scan.CarriedSession != first.Session {
		r.Fatalf("the second tap was in %q, want %q", scan.CarriedSession, first.Session)
	}
	r.lights(want)
	r.bench.Field.Remove()
}

func stopped(r *rig) {
	restarts := r.number("NRestarts")
	began := r.strikeAtGreen("STOP")
	<-time.After(4 * time.Second) // green would have gone out by itself
	if lit := r.bench.Lamps.Lit(); lit != green {
		r.Errorf("4 s after SIGSTOP the lamps are %v: it was not stopped while green was lit", lit)
	}
	r.lightsWithin(dark, 25*time.Second)
	fmt.Printf("     dark %.1f s after SIGSTOP\n", time.Since(began).Seconds())
	r.awaitStart()
	if n := r.number("NRestarts"); n != restarts+1 {
		r.Errorf("%d restarts, want one more than %d", n, restarts)
	}
	r.twoTaps()
}

func reloadGood(r *rig) {
	pid := r.show("MainPID")
	r.configure("\n[session]\nwindow = \"9m\"\n")
	r.sh("systemctl reload %s", unit)
	r.awaitStart()
	r.eventually("systemctl show -p ActiveState " + unit + " | grep -qx ActiveState=active")
	r.write("/etc/tagbase-edge/config.toml", 0o644,
		strings.ReplaceAll(r.benchConfig(""), sim.EntryPoint, "https://other.example.com/"))
	r.log.forget()
	r.sh("systemctl reload %s", unit)
	r.awaitStart()
	r.tap("genuine-424", "foreign")
	r.configure("")
	r.log.forget()
	r.sh("systemctl reload %s", unit)
	r.awaitStart()
	r.twoTaps()
	if now := r.show("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
}

func reloadBad(r *rig) {
	pid := r.show("MainPID")
	r.write("/etc/tagbase-edge/config.toml", 0o644, r.benchConfig("")+"\n[reader]\ndevice = nonsense\n")
	r.log.forget()
	r.sh("systemctl reload %s", unit)
	r.awaitLog("config.toml:", `"error"`)
	r.eventually("systemctl show -p StatusText " + unit + " | grep -q 'old configuration'")
	r.twoTaps()
	if now := r.show("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
	r.configure("")
	r.log.forget()
	r.sh("systemctl reload %s", unit)
	r.awaitStart()
}

func keyRotation(r *rig) {
	r.bench.Platform.SetKey("key_bench:rotated")
	if scan := r.tap("genuine-424", "refused"); scan.Reason != "key" {
		r.Errorf("with the old key: %s", scan.Reason)
	}
	r.write("/etc/tagbase-edge/api-key", 0o600, "key_bench:rotated\n")
	r.log.forget()
	// systemd hands a credential over at a start only.
	r.sh("systemctl restart %s", unit)
	r.awaitStart()
	r.twoTaps()
	r.bench.Platform.SetKey(r.bench.Key)
	r.sh("install -o tagbase-edge -m 0600 /dev/null /etc/tagbase-edge/own-key")
	r.sh("cp /etc/tagbase-edge/api-key /etc/tagbase-edge/own-key")
	text := strings.Replace(r.benchConfig(""), "[platform]\n", "[platform]\nkey_file = \"/etc/tagbase-edge/own-key\"\n", 1)
	r.write("/etc/tagbase-edge/config.toml", 0o644, text)
	r.log.forget()
	r.sh("systemctl restart %s", unit)
	r.awaitStart()
	r.sh("cat >/etc/tagbase-edge/own-key <<'END'\n%s\nEND", r.bench.Key)
	r.log.forget()
	r.sh("systemctl reload %s", unit)
	r.awaitStart()
	r.twoTaps()
	r.write("/etc/tagbase-edge/api-key", 0o600, r.bench.Key+"\n")
	r.configure("")
	r.sh("systemctl restart %s", unit)
	r.awaitStart()
}

func noKey(r *rig) {
	r.sh("mv /etc/tagbase-edge/api-key /etc/tagbase-edge/kept")
	r.log.forget()
	r.fails("systemctl restart %s", unit)
	r.awaitLog("platform.key_file")
	if status := r.show("ExecMainStatus"); status != "78" && status != "0" {
		r.Errorf("it ended with %s, want 78", status)
	}
	r.sh("mv /etc/tagbase-edge/kept /etc/tagbase-edge/api-key")
	r.awaitStart() // by itself
}

func upgraded(r *rig) {
	r.copy(os.Getenv("DEB_NEXT"), "/var/tmp/next.deb")
	// An emulated board takes longer to come to the restart than a scan may take by default.
	r.write("/etc/tagbase-edge/config.toml", 0o644, strings.Replace(r.benchConfig(""), "[platform]\n", "[platform]\ntimeout = \"60s\"\n", 1))
	r.log.forget()
	r.sh("systemctl restart %s", unit)
	r.awaitStart()
	pid := r.show("MainPID")
	r.log.forget()
	// The answer of a scan in flight waits until the upgrade has begun.
	posted, answer := make(chan struct{}), make(chan struct{})
	r.bench.Platform.OnPost(func(simplatform.Post) { close(posted); <-answer })
	r.put("genuine-424")
	<-posted
	r.bench.Platform.OnPost(nil)
	said := make(chan string)
	go func() {
		out, err := output(r.Context(), r.machine, "apt-get install -y -q /var/tmp/next.deb </dev/null 2>&1")
		said <- fmt.Sprint(out, err)
	}()
	r.eventually("[ $(systemctl show --value -p SubState " + unit + ") = stop-sigterm ]")
	close(answer)
	scan := r.nextScan()
	r.takeAway()
	if scan.Outcome != "pending" {
		r.Errorf("the scan in flight is %s %s", scan.Outcome, scan.Reason)
	}
	if out := <-said; !strings.HasSuffix(out, "<nil>") {
		r.Error(out)
	}
	r.awaitStart()
	if now := r.show("MainPID"); now == pid {
		r.Error("the old process runs on")
	}
	if version := r.sh("tagbase-edge version"); !strings.Contains(version, os.Getenv("VERSION_NEXT")) {
		r.Errorf("it is %s", version)
	}
	r.takeAway() // what lies there within 40 ms of the reader's first look has rested
	r.greenAfter(scan.Session)
}

// staysBefore installs the package anew, which says why, and leaves the process that runs.
func (r *rig) staysBefore(why string) {
	r.Helper()
	pid := r.show("MainPID")
	r.log.forget()
	said := r.sh("apt-get install -y -q --reinstall --allow-downgrades /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	if !strings.Contains(said, "keeps running the old version") || !strings.Contains(said, why) {
		r.Errorf("the upgrade says:\n%s", said)
	}
	r.twoTaps()
	// The old process starts its reader of its own program, which has no name any more.
	r.sh("kill -KILL $(cat /proc/%s/task/*/children)", pid)
	r.twoTaps()
	if now := r.show("MainPID"); now != pid {
		r.Errorf("the process is another: %s, was %s", now, pid)
	}
}

func upgradeRefused(r *rig) {
	r.sh("echo '[nonsense]' >>/etc/tagbase-edge/config.toml")
	r.staysBefore("nonsense")
	r.configure("")
}

func secondStation(r *rig) {
	text := strings.Replace(r.benchConfig(""), `name = "bench"`, `name = "second"`, 1)
	r.write("/etc/tagbase-edge/second.toml", 0o644, text)
	r.sh("cp /etc/tagbase-edge/api-key /etc/tagbase-edge/second.api-key && systemctl start tagbase-edge@second")
	r.eventually("test -S /run/tagbase-edge-second/api.sock")
	r.sh("systemctl is-active tagbase-edge@second %s && test -d /var/lib/tagbase-edge-second", unit)
	r.sh("systemctl stop tagbase-edge@second")
}

func keylessUpgrade(r *rig) {
	r.sh("cp /etc/tagbase-edge/api-key /root/kept && echo not-a-key >/etc/tagbase-edge/api-key")
	r.staysBefore("standard input holds no key")
	r.sh("mv /root/kept /etc/tagbase-edge/api-key")
}

// unpackedPurged leaves the package as a power cut in an upgrade does, and gives it up.
func unpackedPurged(r *rig) {
	r.sh("cp -a /etc/tagbase-edge /root/kept && dpkg --unpack /var/tmp/next.deb 2>&1 && systemctl is-active %s", unit)
	r.sh("dpkg --purge tagbase-edge 2>&1")
	r.nothingLeft()
	r.lights(dark)
	r.sh("mv /root/kept /etc/tagbase-edge")
	r.log.forget()
	r.sh("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	r.awaitStart()
}

func purged(r *rig) {
	r.sh("apt-get remove -y -q tagbase-edge 2>&1")
	r.sh("! systemctl is-active %s && ! ls -d /run/tagbase-edge /etc/systemd/system/*/tagbase-edge* 2>/dev/null && test -e /etc/tagbase-edge/config.toml", unit)
	r.lights(dark)
	r.log.forget()
	r.sh("apt-get install -y -q /var/tmp/tagbase-edge.deb </dev/null 2>&1")
	r.awaitStart()
	r.sh("apt-get purge -y -q tagbase-edge 2>&1")
	r.nothingLeft()
}

func (r *rig) nothingLeft() {
	r.Helper()
	left := r.sh("find / /run -xdev -name '*tagbase*' -not -path '/proc/*' -not -path '/tmp/*' -not -path '/srv/*' -not -path '/sys/*' -not -path '/var/tmp/*' 2>/dev/null; pgrep -ax tagbase-edge; getent passwd %s; systemctl list-units --no-legend 'tagbase*'; true", unit)
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
