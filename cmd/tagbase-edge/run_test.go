// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

func TestTwoTapsTurnGreen(t *testing.T) {
	t.Parallel()
	for _, tag := range []struct{ name, id, chip, uid string }{
		{"genuine-424", sim.Tag424, "ntag424", "04de5f1eacc040"},
		{"genuine-223", sim.Tag223, "ntag22x", "04223d4a715e80"},
		{"genuine-224", sim.Tag224, "ntag22x", "04224d4a715e80"},
		{"genuine-223-status", sim.TagStatusDetect, "ntag22x", "04223d5d715e80"},
	} {
		t.Run(tag.name, func(t *testing.T) {
			onEachReader(t, "", func(r *testStation) {
				first := r.tap(tag.name)
				r.wantOutcome(first, "pending", "")
				if first.CarriedSession != "" || first.Session == "" {
					t.Errorf("the first scan carried %q and was answered %q", first.CarriedSession, first.Session)
				}

				second := r.tap(tag.name)
				r.wantOutcome(second, "valid", "")
				if second.CarriedSession != first.Session || second.Session != first.Session {
					t.Errorf("the second scan carried %q in %q, want %q",
						second.CarriedSession, second.Session, first.Session)
				}

				r.awaitLamps(green)
				third := r.tap(tag.name)
				r.wantOutcome(third, "pending", "")
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

func TestTagsInTurnKeepTheirSessions(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		a1, b1 := r.tap("genuine-424"), r.tap("genuine-223")
		a2, b2 := r.tap("genuine-424"), r.tap("genuine-223")
		if a1.CarriedSession != "" || b1.CarriedSession != "" {
			r.Errorf("first scans carried %q and %q", a1.CarriedSession, b1.CarriedSession)
		}

		if a2.CarriedSession != a1.Session || b2.CarriedSession != b1.Session {
			r.Errorf("second scans carried %q and %q, want %q and %q",
				a2.CarriedSession, b2.CarriedSession, a1.Session, b1.Session)
		}

		r.wantOutcome(a2, "valid", "")
		r.wantOutcome(b2, "valid", "")
	})
}

func TestCopyTurnsRed(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.wantOutcome(r.tap("clone"), "pending", "")
		r.wantOutcome(r.tap("clone"), "invalid", "")
		r.awaitLamps(red)
		r.awaitLamps(dark)
	})
}

func TestTagsThatAreNotOursAreNotPosted(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		for _, tag := range []struct{ name, outcome, reason, chip string }{
			{"foreign", "foreign", "entry_point", "ntag21x"},
			{"blank", "unreadable", "no_ndef", "ntag21x"},
			{"payment", "unreadable", "unsupported", "type4"},
			{"classic", "unreadable", "unsupported", "other"},
		} {
			scan := r.tap(tag.name)
			r.wantOutcome(scan, tag.outcome, tag.reason)
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
func TestRestingTagIsOneTap(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.put("genuine-424")
		r.wantOutcome(r.nextScan(), "pending", "")
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		if scan, err := r.daemon.NextScan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			r.Fatalf("a second scan of a tag that never left: %+v, %v", scan, err)
		}

		r.takeAway()
		r.wantOutcome(r.tap("genuine-424"), "valid", "")
	})
}

// Amber is lit before the platform has answered, and no verdict is lit before it has.
func TestAmberIsLitWhileThePlatformIsAsked(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.tap("genuine-424")
		r.awaitLamps(dark)
		asked, answer := r.holdAnswers()

		r.put("genuine-424")
		await.Value(r, "the platform is asked", asked)
		r.awaitLamps(amber)

		answer()
		r.wantOutcome(r.nextScan(), "valid", "")
		r.awaitLamps(green)
		r.bench.Field.Remove()
	})
}

// A tag that rests while the reader's process dies is no new tap: one presentation
// is one scan, and green needs two.
func TestRestingTagIsOneTapThoughTheReaderProcessDies(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.put("genuine-424")
		r.wantOutcome(r.nextScan(), "pending", "")
		for range 3 {
			r.awaitNewChild(r.killChild())
		}

		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if scan, err := r.daemon.NextScan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			r.Fatalf("a second scan of a tag that never left: %+v, %v", scan, err)
		}

		r.takeAway()
		r.wantOutcome(r.tap("genuine-424"), "valid", "")
	})
}

func TestDaemonOutlivesItsReaderProcess(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.wantOutcome(r.tap("genuine-424"), "pending", "")
		r.killChild()
		r.awaitLine(`"reader ready"`)
		r.wantOutcome(r.tap("genuine-424"), "valid", "")
	})
}

// The end leaves all lamps dark, no process, and a scan in hand finished.
func TestStopFinishesTheScanAndDarkensTheLamps(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.tap("genuine-424")
		asked, answer := r.holdAnswers()

		r.put("genuine-424")
		await.Value(r, "the platform is asked", asked)
		child := childOf(r, r.daemon.Process().Pid)
		r.daemon.Process().Signal(syscall.SIGTERM)
		answer()
		r.wantOutcome(r.nextScan(), "valid", "")
		if err := r.daemon.Wait(); err != nil {
			r.Errorf("the daemon ended with %v", err)
		}

		r.awaitLamps(dark)
		if err := syscall.Kill(child, 0); !errors.Is(err, syscall.ESRCH) {
			r.Errorf("the reader's process %d is left: %v", child, err)
		}
	})
}

func TestRefusedKeyIsNotTriedAgainUntilAReload(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.bench.Platform.Revoke()
		first, posts := r.tap("genuine-424"), 1
		if first.Outcome == "not_sent" {
			posts = 0 // the station's own first question, at some moment, was refused before
			r.wantOutcome(first, "not_sent", "key")
		} else {
			r.wantOutcome(first, "refused", "key")
		}

		r.wantOutcome(r.tap("genuine-424"), "not_sent", "key")
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
		r.wantOutcome(r.tap("genuine-424"), "pending", "")
	})
}

func TestUnreachablePlatformIsNotSent(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.wantOutcome(r.tap("genuine-424"), "pending", "")
		r.bench.ClosePlatform()
		scan := r.tap("genuine-424")
		r.wantOutcome(scan, "not_sent", "network")
		if scan.HTTPStatus != 0 || scan.Verification != "" {
			r.Errorf("%+v", scan)
		}
	})
}

func TestWholeWindowCarriesTheSessionAfterAVerdict(t *testing.T) {
	onEachReader(t, "[session]\ncarry = \"whole-window\"\n", func(r *testStation) {
		first := r.tap("genuine-424")
		r.wantOutcome(r.tap("genuine-424"), "valid", "")
		if third := r.tap("genuine-424"); third.CarriedSession != first.Session {
			r.Errorf("the third scan carried %q, want %q", third.CarriedSession, first.Session)
		}
	})
}

func TestSessionIsNotCarriedAfterItsWindow(t *testing.T) {
	onEachReader(t, "[session]\nwindow = \"1s\"\n", func(r *testStation) {
		r.tap("genuine-424")
		r.letPass(time.Second)
		if second := r.tap("genuine-424"); second.CarriedSession != "" {
			r.Errorf("the second scan carried %q, which is dead", second.CarriedSession)
		}
	})
}

// An address without a tag id is looked up in the map.
func TestMapFileGivesTheTagID(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		addresses := "address,tag_id\nhttps://tap.example.com/chair," + sim.Tag424 + "\n"
		os.WriteFile(r.bench.Dir+"/map.csv", []byte(addresses), 0o644)
		text, err := os.ReadFile(r.config)
		if err != nil {
			r.Fatal(err)
		}

		changed := strings.Replace(string(text), "[tags]", "[tags]\nmap_file = \""+r.bench.Dir+"/map.csv\"", 1)
		os.WriteFile(r.config, []byte(changed), 0o644)
		r.daemon.Stop()
		r.startForTheTest()
		r.bench.Field.Put(simchip.NewForeign("https://tap.example.com/chair?e=1&c=2"))
		scan := r.nextScan()
		r.wantOutcome(scan, "invalid", "")
		if scan.Tag != sim.Tag424 {
			r.Errorf("the chair is %q, want %q", scan.Tag, sim.Tag424)
		}
	})
}
