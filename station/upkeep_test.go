// SPDX-License-Identifier: Apache-2.0

package station

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/sim"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A disk that fails is told of at once, then once a minute, and when it is mended;
// the lamps show code 6 meanwhile.
func TestStorageIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := sim.NewDisk()
		records, _ := journal.Open("journal", journal.Options{FS: disk})
		var log bytes.Buffer
		encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
		s := &Station{Journal: records, Log: zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&log), zapcore.InfoLevel))}
		ctx, cancel := context.WithCancel(t.Context())
		var loop sync.WaitGroup
		loop.Go(func() { s.keepUp(ctx) })

		disk.Fault(func(sim.DiskOp) sim.DiskFault { return sim.DiskFault{Err: errors.New("input/output error")} })
		records.Finish(journal.Scan{Seq: records.NextSeq()})
		time.Sleep(150 * time.Second)
		if got := s.services.showing(); got != storage {
			t.Errorf("service code %d, want %d", got, storage)
		}
		disk.Fault(nil)
		time.Sleep(90 * time.Second)
		if got := s.services.showing(); got != noService {
			t.Errorf("service code %d after the disk was mended", got)
		}
		cancel()
		loop.Wait()
		records.Close()
		var said []string
		for line := range bytes.Lines(log.Bytes()) {
			said = append(said, string(line[8:bytes.Index(line, []byte(`",`))]))
		}
		if want := []string{"storage", "storage", "storage", "storage mended"}; !slices.Equal(said, want) {
			t.Errorf("the log says %q, want %q", said, want)
		}
	})
}
