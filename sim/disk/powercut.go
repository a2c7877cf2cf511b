// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes whole, or torn in one place, in bytes: the smallest unit of SD cards and of most disks.
const sector = 512

// After yields the disks that a power cut after the first ops operations may leave. If there are more than most, it
// yields those where nothing, everything, everything but one thing, or one thing alone was written, and then a sample
// of the others; the sample is the same on each call.
func (d *Disk) After(ops, most int) iter.Seq[*Disk] {
	return func(yield func(*Disk) bool) {
		d.mu.Lock()
		done := slices.Clone(d.ops[:ops])
		d.mu.Unlock()

		// Replay, since the disk itself may have gone further.
		s := newState()
		for name, text := range d.first {
			s.names[name] = &inode{versions: [][]byte{text}}
		}
		for _, op := range done {
			s.apply(op)
		}

		cut := newPowerCut(s)
		for pick := range picks(cut.ways, most, uint64(ops)) {
			if !yield(cut.disk(pick)) {
				return
			}
		}
	}
}

// A powerCut lists what is open when the power fails: for each name that changed which file it stands for, and for each
// file which size it has and what each of its sectors holds. Each of these comes out in one of several ways, whatever
// the others do.
type powerCut struct {
	state   *state
	names   []string // that changed
	files   []*inode
	sizes   [][]int      // of each file
	sectors [][][]string // of each file, of each sector
	ways    []int        // in how many ways each comes out: all names, then for each file its size and its sectors
}

func newPowerCut(s *state) *powerCut {
	c := &powerCut{state: s, names: slices.Sorted(maps.Keys(s.changes))}
	for _, name := range c.names {
		c.ways = append(c.ways, len(s.changes[name]))
	}

	// Sorted, so that a number means the same state on each run.
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		c.add(s.names[name])
	}

	// A name may come back to a file that was removed.
	for _, name := range c.names {
		for _, n := range s.changes[name] {
			if n != nil && !slices.Contains(c.files, n) {
				c.add(n)
			}
		}
	}
	return c
}

// add lists the sizes and sectors that a file may come out with.
func (c *powerCut) add(n *inode) {
	var sizes []int
	for _, b := range n.versions {
		sizes = append(sizes, len(b))
	}
	sizes = distinct(sizes)

	var sectors [][]string
	for at := 0; at < slices.Max(sizes); at += sector {
		sectors = append(sectors, sectorWays(n, at))
	}

	c.files, c.sizes, c.sectors = append(c.files, n), append(c.sizes, sizes), append(c.sectors, sectors)
	c.ways = append(c.ways, len(sizes))
	for _, ways := range sectors {
		c.ways = append(c.ways, len(ways))
	}
}

// sectorWays returns what the sector at an offset may hold: its content in each version, and between two versions a
// torn one. Behind a version's end a sector holds zeros.
func sectorWays(n *inode, at int) (ways []string) {
	for _, b := range n.versions {
		var s [sector]byte
		if at < len(b) {
			copy(s[:], b[at:])
		}

		if len(ways) > 0 {
			ways = append(ways, tear(ways[len(ways)-1], string(s[:])))
		}
		ways = append(ways, string(s[:]))
	}
	return distinct(ways)
}

// distinct removes repetitions, and keeps the order: oldest first.
func distinct[E comparable](all []E) (each []E) {
	for _, e := range all {
		if !slices.Contains(each, e) {
			each = append(each, e)
		}
	}
	return each
}

// tear returns a sector whose write stopped in the middle of what is new in it.
func tear(before, after string) string {
	first := 0
	for first < sector && before[first] == after[first] {
		first++
	}

	last := sector
	for last > first && before[last-1] == after[last-1] {
		last--
	}

	middle := (first + last) / 2
	return after[:middle] + before[middle:]
}

// disk builds the disk on which everything came out as picked; pick holds one number for each of c.ways.
func (c *powerCut) disk(pick []int) *Disk {
	names := maps.Clone(c.state.names)
	for _, name := range c.names {
		if names[name] = c.state.changes[name][pick[0]]; names[name] == nil {
			delete(names, name)
		}
		pick = pick[1:]
	}

	// The size cuts off sectors that the file no longer has, or shows zeros where none was written.
	after := make(map[*inode]*inode)
	for i, n := range c.files {
		b := make([]byte, 0, len(c.sectors[i])*sector)
		for s, ways := range c.sectors[i] {
			b = append(b, ways[pick[1+s]]...)
		}
		after[n] = &inode{versions: [][]byte{b[:c.sizes[i][pick[0]]]}}
		pick = pick[1+len(c.sectors[i]):]
	}

	// The new disk begins here: all that it holds has been synced, and a next run may lose power again.
	d := New()
	for name, n := range names {
		d.state.names[name] = after[n]
		d.first[name] = after[n].now()
	}
	return d
}

// picks yields one number for each of ways, below it: every combination, or a sample if these are more than most.
func picks(ways []int, most int, seed uint64) iter.Seq[[]int] {
	all := 1
	for _, n := range ways {
		if all *= n; all > most {
			return sample(ways, most, seed)
		}
	}

	// The combination number i is i written with these numbers as its bases.
	return func(yield func([]int) bool) {
		for i := range all {
			pick := make([]int, len(ways))
			for k, n := range ways {
				pick[k] = i % n
				i /= n
			}
			if !yield(pick) {
				return
			}
		}
	}
}

// sample yields the combinations at the edges first, since that is where a journal breaks, and then random ones.
func sample(ways []int, most int, seed uint64) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		nothing, everything := make([]int, len(ways)), make([]int, len(ways))
		for k, n := range ways {
			everything[k] = n - 1
		}
		if !yield(nothing) || !yield(everything) {
			return
		}
		done := 2

		// One thing alone, and everything but one thing.
		for k, n := range ways {
			for _, base := range [][]int{nothing, everything} {
				for way := range n {
					pick := slices.Clone(base)
					if pick[k] == way {
						continue
					}
					pick[k] = way
					if done++; done > most || !yield(pick) {
						return
					}
				}
			}
		}

		// The seed makes the sample the same on each call.
		random := rand.New(rand.NewPCG(seed, 1))
		for ; done < most; done++ {
			pick := make([]int, len(ways))
			for k, n := range ways {
				pick[k] = random.IntN(n)
			}
			if !yield(pick) {
				return
			}
		}
	}
}
