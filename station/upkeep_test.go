// SPDX-License-Identifier: Apache-2.0

package station

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	simdisk "github.com/tagbase/tagbase-edge/sim/disk"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A disk that fails is told of at once, then once a minute, and when it works again;
// the lamps show code 6 meanwhile.
func TestStorageFailureIsLoggedEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := simdisk.New()
		records, _ := journal.Open("journal", journal.Options{FS: disk})
		var log bytes.Buffer
		encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
		s := &Station{Journal: records, Wall: time.Now,
			Log: zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&log), zapcore.InfoLevel))}
		ctx, cancel := context.WithCancel(t.Context())
		var loop sync.WaitGroup
		loop.Go(func() { s.keepUp(ctx) })

		time.Sleep(upkeepEvery / 2) // off the beat of the reminders
		disk.Fault(func(simdisk.Op) simdisk.Fault { return simdisk.Fault{Err: errors.New("input/output error")} })
		records.Finish(scan.Record{Seq: records.NextSeq()})
		time.Sleep(150 * time.Second)
		if got := s.services.showing(); got != scan.ServiceStorage {
			t.Errorf("service code %d, want %d", got, scan.ServiceStorage)
		}

		disk.Fault(nil)
		time.Sleep(90 * time.Second)
		if got := s.services.showing(); got != scan.ServiceNone {
			t.Errorf("service code %d after the disk works again", got)
		}

		cancel()
		loop.Wait()
		records.Close()
		var said []string
		for line := range bytes.Lines(log.Bytes()) {
			said = append(said, string(line[8:bytes.Index(line, []byte(`",`))]))
		}

		if want := []string{"storage", "storage", "storage", "storage works again"}; !slices.Equal(said, want) {
			t.Errorf("the log says %q, want %q", said, want)
		}
	})
}

// A reader that fails again and again, or comes and goes, is told of at once and
// then once a minute with a count.
func TestReaderFaultsAreLoggedWithACount(t *testing.T) {
	for name, ready := range map[string]bool{"fails for ever": false, "comes and goes": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})

				lamps, err := led.Open(led.Config{})
				if err != nil {
					t.Fatal(err)
				}
				defer lamps.Close()

				s := &Station{Lamps: lamps, Log: zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&log),
					zapcore.InfoLevel))}

				s.readerReady()
				for range 150 * 4 {
					if ready { // an unplugged reader fails before it is missing
						s.readerFault(reader.Event{Kind: reader.EventFault, Err: errors.New("other")})
					}

					s.readerFault(reader.Event{Kind: reader.EventFault, Err: errors.New("gone"), Missing: true})
					if ready {
						s.readerReady()
					}

					time.Sleep(250 * time.Millisecond)
				}

				s.readerFault(reader.Event{Kind: reader.EventFault, Err: errors.New("other")})
				s.readerReady()

				want := []string{
					`{"msg":"reader ready"}`,
					`{"msg":"reader","service_code":1,"times":1,"error":"gone"}`,
					`{"msg":"reader","service_code":1,"times":240,"error":"gone"}`,
					`{"msg":"reader","service_code":1,"times":240,"error":"gone"}`,
					`{"msg":"reader","service_code":2,"times":1,"error":"other"}`,
					`{"msg":"reader ready"}`,
				}

				if ready {
					want = nil
					for i, times := range []int{1, 240, 240} {
						if i == 0 {
							want = append(want, `{"msg":"reader ready"}`)
						}

						want = append(want,
							fmt.Sprintf(`{"msg":"reader","service_code":2,"times":%d,"error":"other"}`, times),
							fmt.Sprintf(`{"msg":"reader","service_code":1,"times":%d,"error":"gone"}`, times),
							`{"msg":"reader ready"}`)
					}
				}

				if got := strings.Split(strings.TrimSpace(log.String()), "\n"); !slices.Equal(got, want) {
					t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		})
	}
}
