// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/scan"
)

// A diskUse is what one scan costs the disk.
type diskUse struct {
	Bytes, Writes float64
	Syncs, Waited float64 // all, and those that the scan waited for
	Wait          sample  // for the intent to be on the disk
}

// A countedDisk is the real one, and counts.
type countedDisk struct {
	journal.FS
	bytes, writes, syncs atomic.Int64
}

type countedFile struct {
	journal.File
	disk *countedDisk
}

func (d *countedDisk) Open(name string, flag int) (journal.File, error) {
	f, err := d.FS.Open(name, flag)
	return countedFile{f, d}, err
}

func (f countedFile) Write(b []byte) (int, error) {
	f.disk.writes.Add(1)
	f.disk.bytes.Add(int64(len(b)))
	return f.File.Write(b)
}

func (f countedFile) Sync() error {
	f.disk.syncs.Add(1)
	return f.File.Sync()
}

// scanPause lets the line that nobody waits for be synced by the next scan's intent, as taps do that follow each other.
const scanPause = 20 * time.Millisecond

// measureDisk writes so many scans to a journal on the real disk, as a station does.
func measureDisk(dir string, scans int) (use diskUse, err error) {
	own, err := os.MkdirTemp(dir, "journal-")
	if err != nil {
		return use, err
	}
	disk := &countedDisk{FS: journal.Disk}
	j, _ := journal.Open(own, journal.Options{FS: disk})
	begun := disk.syncs.Load()
	var waited int64
	for range scans {
		seq := j.NextSeq()
		before, at := disk.syncs.Load(), time.Now()
		if err := <-j.Intend(journal.Intent{Seq: seq, Station: "bench", Tag: "tag_4Gz424bench0", UID: "04be7c80000000", Chip: "ntag424"}); err != nil {
			return use, err
		}
		use.Wait = append(use.Wait, time.Since(at))
		waited += disk.syncs.Load() - before
		j.Finish(scan.Record{Seq: seq, Station: "bench", Outcome: "valid", Tag: "tag_4Gz424bench0", UID: "04be7c80000000", Chip: "ntag424"})
		time.Sleep(scanPause)
	}
	if err := j.Close(); err != nil {
		return use, err
	}
	n := float64(scans)
	use.Bytes, use.Writes = float64(disk.bytes.Load())/n, float64(disk.writes.Load())/n
	use.Syncs, use.Waited = float64(disk.syncs.Load()-begun)/n, float64(waited)/n
	return use, nil
}
