// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// The step in which the process ends, hangs or writes nonsense is the one that failed.
func TestSelfTestInChildBlamesTheStepThatEndedIt(t *testing.T) {
	const two = `echo '{"step":"open","found":"x"}'; echo '{"step":"wake-up","found":"x"}'; `
	for name, tt := range map[string]struct {
		script string
		want   reader.SelfTestStep
		number int
	}{
		"aborts":     {two + `kill -ABRT $$`, reader.SelfTestStep{Name: reader.StepFirmware, Aborted: true}, 3},
		"hangs":      {two + `exec sleep 60`, reader.SelfTestStep{Name: reader.StepFirmware, Aborted: true}, 3},
		"ends early": {`exit 1`, reader.SelfTestStep{Name: reader.StepOpen, Aborted: true}, 1},
		"tells a step": {
			two + `echo '{"step":"firmware","error":"no"}'`,
			reader.SelfTestStep{Name: reader.StepFirmware, Err: "no"}, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			found := SelfTestInChild(ctx, []string{"sh", "-c", tt.script})
			if len(found) != tt.number {
				t.Fatalf("got %+v", found)
			}

			last := found[len(found)-1]
			if last.Name != tt.want.Name || last.Aborted != tt.want.Aborted || last.Err == "" ||
				tt.want.Err != "" && last.Err != tt.want.Err {
				t.Errorf("ended with %+v, want %+v", last, tt.want)
			}
		})
	}

	if found := SelfTestInChild(t.Context(), []string{os.DevNull}); len(found) != 1 || found[0].Err == "" {
		t.Errorf("a program that cannot be run: %+v", found)
	}
}
