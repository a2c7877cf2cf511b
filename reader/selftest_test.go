// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// selfTest runs SelfTest and reads what it writes.
func selfTest(t *testing.T, device string) (found []SelfTestStep) {
	t.Helper()
	var out bytes.Buffer
	if err := SelfTest(device, &out); err != nil {
		t.Fatal(err)
	}

	for d := json.NewDecoder(&out); ; {
		var s SelfTestStep
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, s)
	}
}

func TestSelfTestTellsEveryStep(t *testing.T) {
	onEachRig(t, func(t *testing.T, r *rig) {
		for _, field := range []string{"on, without a tag in it", "on, with tag 04de5f1eacc040 in it"} {
			found := selfTest(t, r.device)
			if len(found) != len(SelfTestSteps) || found[3].Found != field {
				t.Fatalf("got %+v, want the field %s", found, field)
			}

			for i, s := range found {
				if s.Name != SelfTestSteps[i] || s.Err != "" || s.Found == "" {
					t.Errorf("step %d is %+v, want %s", i, s, SelfTestSteps[i])
				}
			}

			if version := found[2].Found; strings.HasPrefix(r.device, "pn532") && version != "PN532 v1.6" {
				t.Errorf("the version is %q", version)
			}
			r.field.Put(newNTAG424())
		}
	})
}

// The self-test fails in the step in which the chip hangs.
func TestSelfTestOfAChipThatHangsFailsInItsStep(t *testing.T) {
	for writes, want := range map[int64]string{
		1: StepWakeUp, 3: StepWakeUp, // in SAMConfiguration, in the line test
		4: StepFirmware, 5: StepFirmware,
		6: StepField, 8: StepField, 12: StepField, 16: StepField,
	} {
		t.Run(fmt.Sprint(writes), func(t *testing.T) {
			t.Parallel()
			r := libnfcRig(t)
			r.hangs.Store(writes)
			found := selfTest(t, r.device)

			for i, step := range found {
				if step.Name != SelfTestSteps[i] || (step.Err != "") != (step.Name == want) {
					t.Errorf("step %d is %+v, want every step until %s fails", i, step, want)
				}
			}

			if last := found[len(found)-1]; last.Name != want {
				t.Errorf("ended with %+v, want an error in %s", last, want)
			}
		})
	}
}

func TestSelfTestOfAMissingNodeFailsToOpen(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	found := selfTest(t, "pn532_uart:"+missing)
	if len(found) != 1 || found[0].Name != StepOpen || found[0].Err == "" {
		t.Errorf("got %+v", found)
	}

	found = selfTest(t, "pn532_uart:"+missing+":115200")
	if len(found) != 1 || !strings.Contains(found[0].Err, missing+": no such file") {
		t.Errorf("with a speed: %+v", found)
	}
}
