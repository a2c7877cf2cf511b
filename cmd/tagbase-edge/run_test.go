// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// A rig is the daemon as a process of its own on a bench.
type rig struct {
	*testing.T
	bench  *sim.Bench
	config string
	daemon *sim.Daemon
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// onEachReader runs one test body on the virtual PN532 through libnfc and on
// the simulated reader.
func onEachReader(t *testing.T, more string, body func(r *rig)) {
	t.Helper()
	t.Parallel()
	onEachBench(t, func(*sim.Bench) {}, more, body)
}

// onEachBench does so after the bench was set up.
func onEachBench(t *testing.T, set func(*sim.Bench), more string, body func(r *rig)) {
	t.Helper()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			if device == "libnfc" && !reader.Libnfc {
				t.Skip("SKIPPED: this program is built without libnfc")
			}
			bench, err := sim.NewBench(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { bench.Close() })
			set(bench)
			r := &rig{T: t, bench: bench}
			if r.config, err = bench.WriteConfig(device, more); err != nil {
				t.Fatal(err)
			}
			r.start()
			body(r)
		})
	}
}

func (r *rig) start() {
	r.Helper()
	r.launch()
	r.Cleanup(func() {
		if err := r.daemon.Stop(); err != nil {
			r.Errorf("the daemon ended with %v", err)
		}
		r.searchForSecrets()
		if r.Failed() {
			r.Logf("the daemon's log:\n%s", r.daemon.Log())
		}
	})
}

// launch starts the daemon and waits for its reader.
func (r *rig) launch() {
	r.Helper()
	r.exec()
	r.awaitLine(`"reader ready"`)
}

func (r *rig) exec() {
	r.Helper()
	program, err := exec.LookPath("tagbase-edge")
	if err != nil {
		r.Fatal(err)
	}
	if r.daemon, err = sim.StartDaemon(program, r.config); err != nil {
		r.Fatal(err)
	}
}

// searchForSecrets looks for the key's secret in all that the daemon has written.
func (r *rig) searchForSecrets() {
	r.Helper()
	_, secret, _ := strings.Cut(r.bench.Key, ":")
	written := map[string]string{"the log": r.daemon.Log()}
	err := filepath.WalkDir(r.bench.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "api-key" {
			return err
		}
		b, err := os.ReadFile(path)
		written[path] = string(b)
		return err
	})
	if err != nil {
		r.Error(err)
	}
	for where, text := range written {
		if strings.Contains(text, secret) {
			r.Errorf("the key's secret is in %s:\n%s", where, text)
		}
	}
}

func (r *rig) awaitLine(text string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := r.daemon.AwaitLine(ctx, text); err != nil {
		r.Fatalf("waiting for %s: %v", text, err)
	}
}

func (r *rig) put(tag string) {
	r.Helper()
	chip, ok := r.bench.Tags.Find(tag)
	if !ok {
		r.Fatalf("no tag %q", tag)
	}
	r.bench.Field.Put(chip)
}

// tap holds a tag to the reader until its scan is finished.
func (r *rig) tap(tag string) sim.ScanLine {
	r.Helper()
	r.put(tag)
	scan := r.nextScan()
	r.takeAway()
	return scan
}

// takeAway removes the tag for long enough to be gone.
func (r *rig) takeAway() {
	r.bench.Field.Remove()
	<-time.After(400 * time.Millisecond)
}

func (r *rig) nextScan() sim.ScanLine {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	scan, err := r.daemon.NextScan(ctx)
	if err != nil {
		r.Fatalf("waiting for a scan: %v", err)
	}
	return scan
}

// lights waits until exactly this lamp is lit, or all are dark.
func (r *rig) lights(want sim.Lit) {
	r.Helper()
	deadline := time.After(patience)
	for {
		_, news := r.bench.Lamps.Changes(0)
		if r.bench.Lamps.Lit() == want {
			return
		}
		select {
		case <-news:
		case <-deadline:
			r.Fatalf("lamps %v, want %v", r.bench.Lamps.Lit(), want)
		}
	}
}

var (
	green = sim.Lit{sim.Green: true}
	red   = sim.Lit{sim.Red: true}
	amber = sim.Lit{sim.Amber: true}
	dark  = sim.Lit{}
)

func (r *rig) want(scan sim.ScanLine, outcome, reason string) {
	r.Helper()
	if scan.Outcome != outcome || scan.Reason != reason {
		r.Fatalf("scan %d is %s %s, want %s %s", scan.Seq, scan.Outcome, scan.Reason, outcome, reason)
	}
}

func TestTwoTaps(t *testing.T) {
	for _, tag := range []struct{ name, id, chip, uid string }{
		{"genuine-424", sim.Tag424, "ntag424", "04de5f1eacc040"},
		{"genuine-223", sim.Tag223, "ntag22x", "04223d4a715e80"},
	} {
		t.Run(tag.name, func(t *testing.T) {
			onEachReader(t, "", func(r *rig) {
				first := r.tap(tag.name)
				r.want(first, "pending", "")
				if first.CarriedSession != "" || first.Session == "" {
					t.Errorf("the first scan carried %q and was answered %q", first.CarriedSession, first.Session)
				}
				second := r.tap(tag.name)
				r.want(second, "valid", "")
				if second.CarriedSession != first.Session || second.Session != first.Session {
					t.Errorf("the second scan carried %q in %q, want %q", second.CarriedSession, second.Session, first.Session)
				}
				r.lights(green)
				third := r.tap(tag.name)
				r.want(third, "pending", "")
				if third.CarriedSession != "" || third.Session == first.Session {
					t.Errorf("the third scan carried %q and was answered %q", third.CarriedSession, third.Session)
				}
				posted := r.bench.Platform.Posts()
				if len(posted) != 3 || posted[1].Carried != first.Session {
					t.Errorf("the platform saw %d posts, the second in %q", len(posted), posted[1].Carried)
				}
				for i, scan := range []sim.ScanLine{first, second, third} {
					if scan.Tag != tag.id || scan.Chip != tag.chip || scan.UID != tag.uid || scan.Seq != i+1 ||
						scan.Station != "bench" || scan.HTTPStatus != 201 || scan.Verification != posted[i].ID {
						t.Errorf("scan %d: %+v", i+1, scan)
					}
				}
			})
		})
	}
}

func TestTagsInTurn(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		a1, b1 := r.tap("genuine-424"), r.tap("genuine-223")
		a2, b2 := r.tap("genuine-424"), r.tap("genuine-223")
		if a1.CarriedSession != "" || b1.CarriedSession != "" {
			r.Errorf("first scans carried %q and %q", a1.CarriedSession, b1.CarriedSession)
		}
		if a2.CarriedSession != a1.Session || b2.CarriedSession != b1.Session {
			r.Errorf("second scans carried %q and %q, want %q and %q", a2.CarriedSession, b2.CarriedSession, a1.Session, b1.Session)
		}
		r.want(a2, "valid", "")
		r.want(b2, "valid", "")
	})
}

func TestClone(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.want(r.tap("clone"), "pending", "")
		r.want(r.tap("clone"), "invalid", "")
		r.lights(red)
		r.lights(dark)
	})
}

func TestNotOurs(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		for _, tag := range []struct{ name, outcome, reason, chip string }{
			{"foreign", "foreign", "entry_point", "ntag21x"},
			{"blank", "unreadable", "no_ndef", "ntag21x"},
			{"payment", "unreadable", "unsupported", "type4"},
			{"classic", "unreadable", "unsupported", "other"},
		} {
			scan := r.tap(tag.name)
			r.want(scan, tag.outcome, tag.reason)
			if scan.Chip != tag.chip {
				r.Errorf("%s is %q, want %q", tag.name, scan.Chip, tag.chip)
			}
		}
		if n := len(r.bench.Platform.Posts()); n != 0 {
			r.Errorf("%d of them were posted", n)
		}
	})
}

// A tag that rests on the reader for 10 s is one tap.
func TestRestingTag(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.put("genuine-424")
		r.want(r.nextScan(), "pending", "")
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		if scan, err := r.daemon.NextScan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			r.Fatalf("a second scan of a tag that never left: %+v, %v", scan, err)
		}
		r.takeAway()
		r.want(r.tap("genuine-424"), "valid", "")
	})
}

// Amber is lit before the platform has answered, and no verdict is lit before it has.
func TestAmberFirst(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.tap("genuine-424")
		r.lights(dark)
		asked, answer := make(chan sim.Lit), make(chan bool)
		r.bench.Platform.OnPost(func(simplatform.Post) {
			r.lights(amber)
			asked <- r.bench.Lamps.Lit()
			<-answer
		})
		r.put("genuine-424")
		if lit := <-asked; lit != amber {
			r.Errorf("while the platform is asked %v is lit, want amber", lit)
		}
		close(answer)
		r.want(r.nextScan(), "valid", "")
		r.lights(green)
		r.bench.Field.Remove()
	})
}

// A tag that rests while the reader's process dies is no new tap: one presentation
// is one scan, and green needs two.
func TestRestingTagOutlivesTheReader(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.put("genuine-424")
		r.want(r.nextScan(), "pending", "")
		for range 3 {
			r.awaitNewChild(r.killChild())
		}
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if scan, err := r.daemon.NextScan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			r.Fatalf("a second scan of a tag that never left: %+v, %v", scan, err)
		}
		r.takeAway()
		r.want(r.tap("genuine-424"), "valid", "")
	})
}

func TestDaemonOutlivesItsReader(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.want(r.tap("genuine-424"), "pending", "")
		r.killChild()
		r.awaitLine(`"reader ready"`)
		r.want(r.tap("genuine-424"), "valid", "")
	})
}

func (r *rig) killChild() (pid int) {
	r.Helper()
	pid = childOf(r, r.daemon.Process().Pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.Fatal(err)
	}
	return pid
}

// awaitNewChild waits until the daemon has another child than it had.
func (r *rig) awaitNewChild(old int) {
	r.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(10 * time.Millisecond) {
		if c := children(r.daemon.Process().Pid); len(c) == 1 && c[0] != strconv.Itoa(old) {
			return
		}
		if time.Now().After(deadline) {
			r.Fatal("no new child")
		}
	}
}

// childOf is the one child of a process.
func childOf(r *rig, pid int) int {
	r.Helper()
	c := children(pid)
	if len(c) != 1 {
		r.Fatalf("process %d has the children %q, want one", pid, c)
	}
	child, err := strconv.Atoi(c[0])
	if err != nil {
		r.Fatal(err)
	}
	return child
}

// children are the processes that a process has started, zombies too (proc(5), task/*/children).
func children(pid int) (pids []string) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list) // a thread may have ended meanwhile
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

// The end leaves all lamps dark, no process, and a scan in hand finished.
func TestStop(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.tap("genuine-424")
		asked, answer := make(chan bool), make(chan bool)
		r.bench.Platform.OnPost(func(simplatform.Post) {
			asked <- true
			<-answer
		})
		r.put("genuine-424")
		<-asked
		child := childOf(r, r.daemon.Process().Pid)
		r.daemon.Process().Signal(syscall.SIGTERM)
		close(answer)
		r.want(r.nextScan(), "valid", "")
		if err := r.daemon.Wait(); err != nil {
			r.Errorf("the daemon ended with %v", err)
		}
		r.lights(dark)
		if err := syscall.Kill(child, 0); !errors.Is(err, syscall.ESRCH) {
			r.Errorf("the reader's process %d is left: %v", child, err)
		}
	})
}

func TestKeyRefused(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.bench.Platform.Revoke()
		first, posts := r.tap("genuine-424"), 1
		if first.Outcome == "not_sent" {
			posts = 0 // the station's own first question, at some moment, was refused before
			r.want(first, "not_sent", "key")
		} else {
			r.want(first, "refused", "key")
		}
		r.want(r.tap("genuine-424"), "not_sent", "key")
		if n := len(r.bench.Platform.Posts()); n != posts {
			r.Errorf("%d posts with a key that was refused, want %d", n, posts)
		}
		r.bench.Key = "key_second:of-the-test"
		r.bench.Platform.SetKey(r.bench.Key)
		if err := os.WriteFile(r.bench.Dir+"/api-key", []byte(r.bench.Key+"\n"), 0o600); err != nil {
			r.Fatal(err)
		}
		r.daemon.Process().Signal(syscall.SIGHUP)
		r.awaitLine(`"reloaded"`)
		r.awaitLine(`"reader ready"`)
		r.want(r.tap("genuine-424"), "pending", "")
	})
}

func TestPlatformDown(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		r.want(r.tap("genuine-424"), "pending", "")
		r.bench.ClosePlatform()
		scan := r.tap("genuine-424")
		r.want(scan, "not_sent", "network")
		if scan.HTTPStatus != 0 || scan.Verification != "" {
			r.Errorf("%+v", scan)
		}
	})
}

func TestWholeWindow(t *testing.T) {
	onEachReader(t, "[session]\ncarry = \"whole-window\"\n", func(r *rig) {
		first := r.tap("genuine-424")
		r.want(r.tap("genuine-424"), "valid", "")
		if third := r.tap("genuine-424"); third.CarriedSession != first.Session {
			r.Errorf("the third scan carried %q, want %q", third.CarriedSession, first.Session)
		}
	})
}

func TestWindowEnds(t *testing.T) {
	onEachReader(t, "[session]\nwindow = \"1s\"\n", func(r *rig) {
		r.tap("genuine-424")
		<-time.After(time.Second)
		if second := r.tap("genuine-424"); second.CarriedSession != "" {
			r.Errorf("the second scan carried %q, which is dead", second.CarriedSession)
		}
	})
}

// An address without a tag id is looked up in the map.
func TestMapFile(t *testing.T) {
	onEachReader(t, "", func(r *rig) {
		os.WriteFile(r.bench.Dir+"/map.csv", []byte("address,tag_id\nhttps://tap.example.com/chair,"+sim.Tag424+"\n"), 0o644)
		text, err := os.ReadFile(r.config)
		if err != nil {
			r.Fatal(err)
		}
		changed := strings.Replace(string(text), "[tags]", "[tags]\nmap_file = \""+r.bench.Dir+"/map.csv\"", 1)
		os.WriteFile(r.config, []byte(changed), 0o644)
		r.daemon.Stop()
		r.start()
		r.bench.Field.Put(simchip.NewForeign("https://tap.example.com/chair?e=1&c=2"))
		scan := r.nextScan()
		r.want(scan, "invalid", "")
		if scan.Tag != sim.Tag424 {
			r.Errorf("the chair is %q, want %q", scan.Tag, sim.Tag424)
		}
	})
}
