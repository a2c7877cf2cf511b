// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"os"
	"sync/atomic"
	"testing"
)

// A countingDisk counts what goes to the real disk.
type countingDisk struct {
	realFS
	bytes, writes, syncs atomic.Int64
}

type countingFile struct {
	File
	fs *countingDisk
}

func (c *countingDisk) Open(name string, flag int) (File, error) {
	f, err := c.realFS.Open(name, flag)
	return countingFile{f, c}, err
}

func (f countingFile) Write(b []byte) (int, error) {
	f.fs.writes.Add(1)
	f.fs.bytes.Add(int64(len(b)))
	return f.File.Write(b)
}

func (f countingFile) Sync() error {
	f.fs.syncs.Add(1)
	return f.File.Sync()
}

// BenchmarkScan measures one scan: an intent that is waited for, and its result.
func BenchmarkScan(b *testing.B) {
	disk := new(countingDisk)
	j, _ := Open(b.TempDir(), Options{FS: disk})
	for b.Loop() {
		seq := j.NextSeq()
		if err := <-j.Intend(intentOf(seq, "a")); err != nil {
			b.Fatal(err)
		}

		j.Finish(scanOf(seq, "a"))
	}

	if err := j.Close(); err != nil {
		b.Fatal(err)
	}

	n := float64(b.N)
	b.ReportMetric(float64(disk.bytes.Load())/n, "bytes/scan")
	b.ReportMetric(float64(disk.writes.Load())/n, "writes/scan")
	b.ReportMetric(float64(disk.syncs.Load())/n, "fsyncs/scan")
}

// BenchmarkOpen measures the start on a full journal, 8 MiB.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	seq, lines := uint64(0), 0
	for n := range uint64(8) {
		var segment []byte
		for len(segment) < 1<<20-1000 {
			seq++
			lines += 2
			segment = append(append(segment, intentOf(seq, "a").line()...), recordLine(scanOf(seq, "a"))...)
		}

		if err := os.WriteFile(fileName(dir, n), segment, 0o600); err != nil {
			b.Fatal(err)
		}
	}

	for b.Loop() {
		j, past := Open(dir, Options{})
		if len(past.Scans) != int(seq) || j.Err() != nil {
			b.Fatalf("%d scans, %v, want %d", len(past.Scans), j.Err(), seq)
		}

		j.Close()
	}

	b.ReportMetric(float64(lines), "lines")
}
