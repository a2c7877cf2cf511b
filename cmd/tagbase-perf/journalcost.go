// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/scan"
)

// A journalCost is what one scan costs the disk, on average over many.
type journalCost struct {
	Bytes, Writes float64
	Syncs, Waited float64 // all fsyncs, and those that the scan waits for
	Wait          sample  // how long a scan waits until its intent is on the disk
}

// A countingDisk is the real disk, and counts what is written to it.
type countingDisk struct {
	journal.FS
	bytes, writes, syncs atomic.Int64
}

type countingFile struct {
	journal.File
	disk *countingDisk
}

func (d *countingDisk) Open(name string, flag int) (journal.File, error) {
	f, err := d.FS.Open(name, flag)
	return countingFile{f, d}, err
}

func (f countingFile) Write(b []byte) (int, error) {
	f.disk.writes.Add(1)
	f.disk.bytes.Add(int64(len(b)))
	return f.File.Write(b)
}

func (f countingFile) Sync() error {
	f.disk.syncs.Add(1)
	return f.File.Sync()
}

// scanPause is the pause between two scans. It is shorter than the journal's own
// wait before it syncs a line that nobody waits for, so that the next scan's
// intent syncs that line too, as when taps follow each other.
const scanPause = 20 * time.Millisecond

// measureJournal writes scans to a journal on the real disk, as a station does.
func measureJournal(dir string, scans int) (cost journalCost, err error) {
	own, err := os.MkdirTemp(dir, "journal-")
	if err != nil {
		return cost, err
	}

	disk := &countingDisk{FS: journal.Disk}
	j, _ := journal.Open(own, journal.Options{FS: disk})

	// The fsyncs of a start belong to no scan.
	begun := disk.syncs.Load()
	var waited int64
	for range scans {
		before, at := disk.syncs.Load(), time.Now()
		seq := j.NextSeq()
		if err := <-j.Intend(journal.Intent{
			Seq: seq, Station: "bench", Tag: "tag_4Gz424bench0", UID: "04be7c80000000", Chip: "ntag424",
		}); err != nil {
			return cost, err
		}
		cost.Wait = append(cost.Wait, time.Since(at))
		waited += disk.syncs.Load() - before

		j.Finish(scan.Record{
			Seq: seq, Station: "bench", Outcome: scan.Valid,
			Tag: "tag_4Gz424bench0", UID: "04be7c80000000", Chip: "ntag424",
		})
		time.Sleep(scanPause)
	}
	if err := j.Close(); err != nil {
		return cost, err
	}

	n := float64(scans)
	cost.Bytes, cost.Writes = float64(disk.bytes.Load())/n, float64(disk.writes.Load())/n
	cost.Syncs, cost.Waited = float64(disk.syncs.Load()-begun)/n, float64(waited)/n
	return cost, nil
}
