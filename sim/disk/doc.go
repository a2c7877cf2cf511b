// SPDX-License-Identifier: Apache-2.0

// Package disk is a file system in memory that may lose power, run full, or fail in any operation.
//
// A Disk writes down every operation, so that After can replay a run up to any of them and then ask what a real disk
// may hold at that moment:
//
//	journal ── Open, Write, Sync, Remove, SyncDir ──> Disk ── list of operations
//	                                                             │ After(n)
//	                                                             v
//	            every Disk that a power cut after n operations may leave behind
//
// What was synced is there. Of the rest, the kernel and the card have written anything, in any order:
//
//   - each sector of a file is as it was at the last sync, or as any later write left it, or torn between two of these;
//   - the size of a file is one that the file has had since its last sync;
//   - a name that was made or removed since the directory's last sync is there or not.
//
// That covers all prefixes and reorderings of unsynced writes, so nothing is gained by replaying their orders one by
// one. A lost tail, a hole of zeros and a torn line are among the outcomes.
//
// Compared with FUSE (LazyFS) or a block device below a real file system (dm-log-writes), this tests more than one file
// system can do: ext4 in its default mode orders much that POSIX does not promise. It needs neither root nor a kernel
// module, runs in memory, and names a failing state by an operation and a number. It cannot show a fault of the kernel,
// or a card that lies about a flush or spoils sectors that nobody asked it to write.
//
// A Disk is safe for concurrent use and starts no goroutines. Its files sit in directories that are always there.
package disk
