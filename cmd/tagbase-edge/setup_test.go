// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/sim"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// newBenchWithoutConfiguration is a bench on which no station was set up, and the arguments of a setup
// that knows no more than where the bench is.
func newBenchWithoutConfiguration(t *testing.T) (r *testStation, key string, more []string) {
	r = newTestStation(t, "libnfc", "", nil)
	b, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}

	edit, _, problems := config.ParseEdit(b, r.config)
	if problems != nil {
		t.Fatal(problems)
	}

	r.config = filepath.Join(r.bench.Dir, "etc", "config.toml")
	key = filepath.Join(r.bench.Dir, "etc", "api-key")
	root := t.TempDir()
	r.linkInto(root, r.bench.Dir)
	r.linkInto(root, "/dev/pts")
	r.linkInto(root, "/etc/passwd")
	more = []string{"setup", "--config", r.config, "--key-file", key, "--root", root}
	for _, k := range []string{"station.state_dir", "station.socket", "platform.base_url", "platform.ca_file"} {
		more = append(more, "--set", k+"="+edit.Text(k))
	}

	return r, key, more
}

func (r *testStation) modeOf(file string) fs.FileMode {
	r.Helper()
	info, err := os.Stat(file)
	if err != nil {
		r.Fatal(err)
	}

	return info.Mode().Perm()
}

// A person with a terminal walks from nothing to a green lamp and a station that runs.
func TestSetupWalksToAGreenLamp(t *testing.T) {
	t.Parallel()
	r, key, args := newBenchWithoutConfiguration(t)
	tty := r.onTerminal(args...)

	tty.answer("such as pn532_uart:/dev/ttyAMA0", r.bench.Device("libnfc"))
	before := r.bench.PN532.Commands()
	tty.expect("Is nothing there but the reader? (Y/n)")
	if r.bench.PN532.Commands() != before {
		t.Error("the port was used before it was allowed")
	}

	tty.enter("")
	tty.expect("It answers: PN532 v1.6.")

	// The lamps are wired in another order than they are named.
	lines := []string{}
	for _, lamp := range []sim.Colour{sim.Amber, sim.Green, sim.Red} {
		lines = append(lines, "file:"+r.bench.Lamps.Path(lamp))
	}

	tty.answer("The lines that they are wired to", strings.Join(lines, " "))
	for _, lamp := range []struct {
		lit  sim.Lit
		name string
	}{{amber, "amber"}, {green, "g"}, {red, "red"}} {
		tty.expect("Which lamp is lit?")
		r.awaitLamps(lamp.lit)
		tty.enter(lamp.name)
	}

	tty.answer("What your tags' URLs begin with", "tap.example.com")
	tty.expect(`must begin with https://`)
	tty.answer("What your tags' URLs begin with", sim.EntryPoint)

	tty.answer("Paste the key", "hunter2")
	tty.expect("This is not a key")
	tty.answer("Paste the key", "key_bench:wrong-one")
	tty.expect("refuses key_bench:redacted (401)")
	tty.answer("Paste the key", r.bench.Key)
	tty.expect("accepts key_bench:redacted.")
	tty.expect("Only root can read it")
	if got := r.modeOf(key); got != 0o600 {
		t.Errorf("the key's file is %v", got)
	}

	tty.answer("Hold one of your tags to the reader", "y")
	tty.expect("The reader waits for a tag.")
	r.put("genuine-424")
	tty.expect("The platform wants a second tap")
	r.takeAway()
	r.put("genuine-424")
	r.awaitLamps(green)
	tty.expect("Genuine: the green lamp is lit.")
	r.bench.Field.Remove()

	tty.expect("[leds]")
	tty.answer("Write this to "+r.config+"?", "y")
	tty.expect("no problem found")
	tty.expect("tagbase-edge run --config " + r.config)
	tty.ends(0)
	r.awaitLamps(dark)

	screen := tty.screen()
	_, secret, _ := strings.Cut(r.bench.Key, ":")
	if strings.Contains(screen, secret) || strings.Contains(screen, "wrong-one") {
		t.Error("a key's secret was shown")
	}

	r.startForTheTest() // what was written is a station
	r.wantOutcome(r.tap("genuine-223"), "pending", "")
	r.wantOutcome(r.tap("genuine-223"), "valid", "")
}

// What is there is offered, Enter keeps it, what setup does not ask for is kept too,
// and the old file is copied.
func TestSetupAgainKeepsEverything(t *testing.T) {
	t.Parallel()
	r := newTestStation(t, "libnfc", "", nil)
	r.replaceInFile(r.config, "[tags]", "[session]\nwindow = \"5m\" # a comment\n[tags]")
	old, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}

	was, _ := config.Load(r.config)
	root := t.TempDir()
	r.linkInto(root, r.bench.Dir)
	r.linkInto(root, "/dev/pts")
	r.linkInto(root, "/etc/passwd")
	tty := r.onTerminal("setup", "--config", r.config, "--root", root, "--tap=false")
	tty.answer("(configured now)", "")
	tty.answer("Is nothing there but the reader?", "")
	tty.answer("The lines that they are wired to", "")
	for _, lamp := range []string{"green", "red", "amber"} {
		tty.answer("Which lamp is lit?", lamp)
	}

	tty.answer("What your tags' URLs begin with", "")
	tty.answer("holds key_bench:redacted. Keep it?", "")
	tty.answer("Write this to", "")
	tty.expect("no problem found")
	tty.ends(0)
	is, problems := config.Load(r.config)
	if len(problems) > 0 {
		t.Fatal(problems)
	}

	if diff := cmp.Diff(was, is, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}

	copies, err := filepath.Glob(r.config + ".*")
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies: %v, %v", copies, err)
	}

	if b, err := os.ReadFile(copies[0]); err != nil || string(b) != string(old) {
		t.Errorf("the copy is\n%s\nwant\n%s", b, old)
	}
}

// Setup says how to mend a reader that does not answer, and another one can be chosen.
func TestSetupOffersAnotherReaderAfterASilentOne(t *testing.T) {
	t.Parallel()
	r, _, args := newBenchWithoutConfiguration(t)
	silent := filepath.Join(r.bench.Dir, "silent")
	pty, err := simreader.OpenPTY(silent)
	if err != nil {
		t.Fatal(err)
	}

	defer pty.Close()
	tty := r.onTerminal(with(args, "--green", "", "--key", filepath.Join(r.bench.Dir, "api-key"), "--tap=false")...)
	tty.answer("such as pn532_uart:/dev/ttyAMA0", "ttyAMA0")
	tty.expect(`"ttyAMA0" is not a reader`)
	tty.answer("such as pn532_uart:/dev/ttyAMA0", "pn532_uart:"+silent)
	tty.answer("Is nothing there but the reader?", "")
	tty.expect("✗ wake-up")
	tty.expect("mend:        is it powered?")
	tty.answer("Try again, choose another, or keep", "another")
	tty.answer("such as pn532_uart:/dev/ttyAMA0", r.bench.Device("libnfc"))
	tty.answer("Is nothing there but the reader?", "n")
	tty.answer("such as pn532_uart:/dev/ttyAMA0", r.bench.Device("libnfc"))
	tty.answer("Is nothing there but the reader?", "y")
	tty.answer("What your tags' URLs begin with", sim.EntryPoint)
	tty.answer("Write this to", "n")
	tty.expect("tagbase-edge: stopped")
	tty.ends(1)
	if _, err := os.Stat(r.config); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the configuration: %v", err)
	}
}

// On a new card setup says how to switch the board's port on.
func TestSetupSaysHowToSwitchThePortOn(t *testing.T) {
	t.Parallel()
	r, _, args := newBenchWithoutConfiguration(t)
	root := args[slices.Index(args, "--root")+1]
	for file, text := range map[string]string{
		"/proc/device-tree/model":    "Raspberry Pi 4 Model B Rev 1.4\x00",
		"/boot/firmware/config.txt":  "[all]\n",
		"/boot/firmware/cmdline.txt": "console=serial0,115200 console=tty1\n",
	} {
		file = filepath.Join(root, file)
		err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}

	// What the package brings is no choice of anybody's, and is not offered.
	if err := os.CopyFS(filepath.Join(root, "usr/share/tagbase-edge"), os.DirFS("../../configs")); err != nil {
		t.Fatal(err)
	}

	if err := os.CopyFS(filepath.Dir(r.config), os.DirFS("../../configs")); err != nil {
		t.Fatal(err)
	}

	if err := os.Rename(filepath.Join(filepath.Dir(r.config), "minimal.toml"), r.config); err != nil {
		t.Fatal(err)
	}

	tty := r.onTerminal(args...)
	tty.expect("No port of this board is ready for a reader.")
	tty.expect(`printf '\n[all]\ndtoverlay=disable-bt\n' | sudo tee -a /boot/firmware/config.txt`)
	tty.expect("Its name, such as")
}

// Ctrl-C at a question ends it all, and nothing was written.
func TestSetupStoppedByCtrlCWritesNothing(t *testing.T) {
	t.Parallel()
	r, key, args := newBenchWithoutConfiguration(t)
	tty := r.onTerminal(args...)
	tty.expect("such as pn532_uart:/dev/ttyAMA0")
	if _, err := tty.pty.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}

	tty.expect("tagbase-edge: stopped")
	tty.ends(1)
	for _, file := range []string{r.config, key} {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A connection that breaks while a lamp is tried leaves no lamp lit: green is a verdict.
func TestSetupBrokenOffLeavesTheLampsDark(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		r, _, args := newBenchWithoutConfiguration(t)
		tty := r.onTerminal(with(args, "--device", r.bench.Device("libnfc"))...)
		tty.answer("The lines that they are wired to", "file:"+r.bench.Lamps.Path(sim.Green))
		tty.expect("Which lamp is lit?")
		r.awaitLamps(green)
		if err := tty.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}

		r.awaitLamps(dark)
		tty.ends(-1)
	}
}

// Without a terminal the flags answer: what Ansible runs.
func TestSetupByFlagsAsksNothing(t *testing.T) {
	t.Parallel()
	r, key, args := newBenchWithoutConfiguration(t)
	source := filepath.Join(r.bench.Dir, "api-key")
	all := with(args, "--yes", "--device", r.bench.Device("libnfc"), "--entry-point", sim.EntryPoint,
		"--green", "file:"+r.bench.Lamps.Path(sim.Green), "--amber", "file:"+r.bench.Lamps.Path(sim.Amber),
		"--red", "file:"+r.bench.Lamps.Path(sim.Red), "--set", "station.name=gate-1", "--set", "leds.active_low=false")
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no terminal", args, 2, "with --yes the flags answer"},
		{"no device", with(args, "--yes"), 1, "--device is not given"},
		{"no key", all, 1, "--key is not given, and " + key + " cannot be read"},
		{"no such key file", with(all, "--key", "/none"), 1, "/none cannot be read: no such file"},
		{"not a key", with(all, "--key", r.bench.Dir+"/ca.pem"), 1, "holds no key"},
		{"unknown key", with(all, "--key", source, "--set", "station.nmae=x"), 1, "--set station.nmae: write a key"},
		{"all", with(all, "--key", source), 0, "no problem found"},
		{"all again", with(all, "--key", source), 0, "config.toml is up to date."},
		{"nonsense", with(all, "--entry-point", "nonsense"), 1,
			`tags.entry_points: "nonsense" must begin with https://`},
		{"all after nonsense", all, 0, "config.toml is up to date."},
		{"another", with(all, "--set", "station.name=gate-2"), 0, "no problem found"},
	} {
		if tt.name == "another" { // what was for one person alone stays so
			if err := os.Chmod(r.config, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		out, status := r.run(tt.args...)
		if status != tt.status || !strings.Contains(out, tt.says) {
			t.Errorf("%s: status %d, want %d and %q:\n%s", tt.name, status, tt.status, tt.says, out)
		}

		if _, secret, _ := strings.Cut(r.bench.Key, ":"); strings.Contains(out, secret) {
			t.Errorf("%s: the secret is shown:\n%s", tt.name, out)
		}
	}

	if got := r.modeOf(key); got != 0o600 {
		t.Errorf("the key's file is %v", got)
	}

	if copies, _ := filepath.Glob(r.config + ".*"); len(copies) != 1 || r.modeOf(copies[0]) != 0o600 {
		t.Errorf("copies: %v", copies)
	}

	if copies, _ := filepath.Glob(key + ".*"); len(copies) != 0 {
		t.Errorf("copies of a key that is the same: %v", copies)
	}
}

// A key that the platform refuses, or cannot be asked about, is not stored unless told to.
func TestSetupStoresOnlyAKeyThatIsProven(t *testing.T) {
	t.Parallel()
	r, key, args := newBenchWithoutConfiguration(t)
	all := with(args, "--yes", "--device", r.bench.Device("libnfc"), "--entry-point", sim.EntryPoint,
		"--key", filepath.Join(r.bench.Dir, "api-key"))
	r.bench.Platform.SetKey("key_bench:another")
	if out, status := r.run(all...); status != 1 || !strings.Contains(out, "refuses key_bench:redacted (401)") {
		t.Errorf("refused: status %d:\n%s", status, out)
	}

	if err := r.bench.ClosePlatform(); err != nil {
		t.Fatal(err)
	}

	if out, status := r.run(all...); status != 1 || !strings.Contains(out, "cannot be reached") {
		t.Errorf("unasked: status %d:\n%s", status, out)
	}

	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key: %v", err)
	}

	if out, status := r.run(with(all, "--unproven")...); status != 0 || !strings.Contains(out, "cannot be reached") {
		t.Errorf("unproven: status %d:\n%s", status, out)
	}

	if got := r.modeOf(key); got != 0o600 {
		t.Errorf("the key's file is %v", got)
	}

	// Another key takes its place, and the old one is kept, for root alone.
	other := filepath.Join(r.bench.Dir, "other")
	if err := os.WriteFile(other, []byte("key_bench:another\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	if out, status := r.run(with(all, "--unproven", "--key", other)...); status != 0 {
		t.Errorf("another: status %d:\n%s", status, out)
	}

	copies, err := filepath.Glob(key + ".*")
	if err != nil || len(copies) != 1 || r.modeOf(copies[0]) != 0o600 {
		t.Errorf("copies: %v", copies)
	}
}

// A key that is replaced stays its owner's: the daemon's user reads platform.key_file itself.
func TestSetupKeepsTheKeysOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root may give a file away")
	}

	r, key, args := newBenchWithoutConfiguration(t)
	if err := os.MkdirAll(filepath.Dir(key), 0o755); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(key, []byte("key_bench:before\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Chown(key, 12345, 12346); err != nil {
		t.Fatal(err)
	}

	out, status := r.run(with(args, "--yes", "--device", r.bench.Device("libnfc"), "--entry-point", sim.EntryPoint,
		"--key", filepath.Join(r.bench.Dir, "api-key"))...)
	if status != 0 {
		t.Fatalf("status %d:\n%s", status, out)
	}

	info, err := os.Stat(key)
	if err != nil {
		t.Fatal(err)
	}

	if o := info.Sys().(*syscall.Stat_t); o.Uid != 12345 || o.Gid != 12346 || info.Mode().Perm() != 0o600 {
		t.Errorf("it is of %d:%d, %v", o.Uid, o.Gid, info.Mode())
	}
}

// with is args and more, without writing behind args.
func with(args []string, more ...string) []string { return slices.Concat(args, more) }
