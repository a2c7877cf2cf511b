// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// A person lays tags down as asked, and the children are what a script says.
type person struct {
	asked []string
	skips func(question string) bool
	saved []HardwareReport
}

// run runs all checks. script is a child, which finds its check in $1 and its tags in $2.
func (p *person) run(ctx context.Context, script string) (HardwareReport, error) {
	return Run(ctx, Options{
		Device: "pn532_uart:/dev/ttyAMA0",
		Ask: func(question string) (bool, error) {
			p.asked = append(p.asked, question)
			return p.skips != nil && p.skips(question), nil
		},
		Save: func(r HardwareReport) error {
			r.Checks = slices.Clone(r.Checks)
			p.saved = append(p.saved, r)
			return nil
		},
		Command: func(check string, tags Arrangement) []string {
			return []string{"sh", "-c", script, "child", check, string(tags)}
		},
		Out: io.Discard,
	})
}

// agreeing is a child whose check agrees with everything.
func agreeing() string {
	script := "cat <<'END'\n{\"frame\":{\"do\":\"select\"}}\n"
	for _, s := range steps {
		for _, a := range s.assumes {
			script += fmt.Sprintf("{\"observation\":{\"assumption\":%q,\"seen\":\"s\",\"result\":\"agrees\"}}\n", a)
		}
	}
	return script + "{\"outcome\":{}}\nEND\n"
}

func TestRunAsksOnceForEachArrangementAndSavesEachCheck(t *testing.T) {
	t.Parallel()
	var p person
	report, err := p.run(t.Context(), agreeing())
	if err != nil || !report.Agrees() {
		t.Fatalf("%v, %+v", err, report)
	}
	if len(p.asked) != 4 || len(p.saved) != len(steps) {
		t.Errorf("asked %q, saved %d times", p.asked, len(p.saved))
	}
	for i, c := range report.Checks {
		if c.Name != steps[i].name || c.Tags != steps[i].tags || len(c.Frames) != 1 || c.Frames[0].Do != "select" {
			t.Errorf("check %d is %+v", i, c)
		}
	}

	// What is not reached is in the report, too.
	last := p.saved[0].Checks[len(steps)-1]
	if last.Result != NotChecked || last.Observations[0].Seen != "not reached" {
		t.Errorf("after the first check the last one is %+v", last)
	}
}

func TestThereAreTenChecks(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range steps {
		names[s.name] = true
	}
	if len(names) != 10 {
		t.Errorf("there are %d checks: %v", len(names), names)
	}
}

func TestRunSkipsATagThatThePersonDoesNotHave(t *testing.T) {
	t.Parallel()
	p := person{skips: func(question string) bool { return strings.Contains(question, "tag two") }}
	report, err := p.run(t.Context(), agreeing())
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range report.Checks {
		skipped := c.Result == NotChecked && c.Observations[0].Seen == "skipped"
		if skipped != (steps[i].tags == Two) || !skipped && c.Result != Agrees {
			t.Errorf("%s, %s: %+v", c.Name, c.Tags, c)
		}
	}
}

// A tag that does not answer is laid down again, until it does or the person skips the check. What was found stays.
func TestRunAsksAgainForATagThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	again := 0
	p := person{skips: func(question string) bool {
		if strings.Contains(question, "no tag answers") {
			again++
		}
		return again == 3
	}}
	report, err := p.run(t.Context(), `[ "$1" != type4-count ] && { `+agreeing()+`exit; }
		echo '{"outcome":{"arrange":"no tag answers","why":"no"}}'`)
	if err != nil || again != 3 {
		t.Fatalf("%v after asking %d times again", err, again)
	}
	for _, c := range report.Checks {
		if c.Name == "type4-count" && c.Observations[0].Seen != "no" || c.Name == "type4-time" && c.Result != Agrees {
			t.Errorf("%+v", c)
		}
	}
}

// A check whose process aborts keeps what it has found and seen; the rest is not checked.
func TestRunGoesOnAfterAChildThatEnds(t *testing.T) {
	t.Parallel()
	one := `echo '{"frame":{"do":"select"}}'; ` +
		fmt.Sprintf(`echo '{"observation":{"assumption":%q,"result":"differs"}}'; `, read128)
	for name, script := range map[string]string{
		"aborts":        one + `echo "Assertion failed" >&2; kill -ABRT $$`,
		"ends early":    one,
		"talks rubbish": one + `echo '}{'; exit 1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := new(person).run(t.Context(), script)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range report.Checks {
				if !strings.Contains(c.Observations[0].Seen, "process ended") || len(c.Frames) != 1 {
					t.Errorf("%+v", c)
				}
				if (c.Name == "type4-read") != (c.Result == Differs) {
					t.Errorf("%+v", c)
				}
			}
		})
	}
}

func TestChildThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	c, _ := steps[0].inChild(ctx, []string{"sh", "-c", "exec sleep 60"}, newSecretKey())
	if len(c.Observations) != 1 || c.Observations[0].Seen != "the reader does not come back" {
		t.Errorf("%+v", c)
	}
}

// A reader that the daemon holds ends the run before anything is asked of it twice.
func TestRunSaysHowToFreeTheReader(t *testing.T) {
	t.Parallel()
	for held, want := range map[bool]string{
		true:  "stop the station for the check: sudo systemctl stop tagbase-edge",
		false: "if the station runs, stop it for the check: sudo systemctl stop tagbase-edge",
	} {
		var p person
		_, err := p.run(t.Context(), fmt.Sprintf(`echo '{"outcome":{"unopened":"the port is held","held":%v}}'`, held))
		if err == nil || !strings.HasSuffix(err.Error(), "; "+want) {
			t.Errorf("held %v: %v", held, err)
		}
		if len(p.asked) != 1 || len(p.saved) != 0 {
			t.Errorf("asked %q, saved %d times", p.asked, len(p.saved))
		}
	}
}

// A reader that does not open any more after a check is not checked further, and the report stays.
func TestRunGoesOnWithAReaderThatACheckHasBroken(t *testing.T) {
	t.Parallel()
	var p person
	report, err := p.run(t.Context(), `[ "$1" = firmware ] && { `+agreeing()+`exit; }
		echo '{"outcome":{"unopened":"the reader does not answer"}}'`)
	if err != nil || len(p.saved) != len(steps) {
		t.Fatalf("%v, saved %d times", err, len(p.saved))
	}
	for _, c := range report.Checks[1:] {
		if c.Result != NotChecked || c.Observations[0].Seen != "the reader does not answer" {
			t.Errorf("%+v", c)
		}
	}
}

func TestRunEndsWhenThePersonStopsOrTheDiskIsFull(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	o := Options{
		Ask:     func(string) (bool, error) { return false, nil },
		Save:    func(HardwareReport) error { return full },
		Command: func(string, Arrangement) []string { return []string{"sh", "-c", agreeing()} },
		Out:     io.Discard,
	}
	if _, err := Run(t.Context(), o); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}

	stopped := errors.New("stopped")
	o.Ask = func(string) (bool, error) { return false, stopped }
	if _, err := Run(t.Context(), o); !errors.Is(err, stopped) {
		t.Errorf("%v", err)
	}
}
