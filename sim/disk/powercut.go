// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// A world is what a file system shows, and what of it would be there after a
// power cut.
type world struct {
	names map[string]*node
	// since the directory's last sync: what each name that changed stood for
	// then, and after every change; nil is nothing
	changes map[string][]*node
}

// A node is a file's content at its last sync, and after every change since.
type node struct{ states [][]byte }

func (n *node) now() []byte { return n.states[len(n.states)-1] }

func newWorld() *world {
	return &world{names: make(map[string]*node), changes: make(map[string][]*node)}
}

func (w *world) used() (bytes int64) {
	for _, n := range w.names {
		bytes += int64(len(n.now()))
	}
	return bytes
}

func (w *world) rename(name string, n *node) {
	if w.changes[name] == nil {
		w.changes[name] = []*node{w.names[name]}
	}
	w.changes[name] = append(w.changes[name], n)
	if w.names[name] = n; n == nil {
		delete(w.names, name)
	}
}

func (w *world) apply(op Op) error {
	n := w.names[op.Name]
	switch {
	case op.Kind == "syncdir":
		maps.DeleteFunc(w.changes, func(name string, _ []*node) bool { return filepath.Dir(name) == op.Name })
	case op.Kind == "create" && n != nil:
		return fs.ErrExist
	case op.Kind == "create":
		w.rename(op.Name, &node{states: [][]byte{nil}})
	case n == nil:
		return fs.ErrNotExist
	case op.Kind == "remove":
		w.rename(op.Name, nil)
	case op.Kind == "write":
		n.states = append(n.states, slices.Concat(n.now(), op.Data))
	case op.Kind == "truncate":
		b := make([]byte, op.Size)
		copy(b, n.now())
		n.states = append(n.states, b)
	case op.Kind == "sync":
		n.states = [][]byte{n.now()}
	}
	return nil
}

// After yields disks as a power cut after so many operations may leave them: all
// of them if there are no more than most, and else those where nothing, all, all
// but one thing or one thing alone was written, and a sample of the others.
func (d *Disk) After(ops, most int) iter.Seq[*Disk] {
	return func(yield func(*Disk) bool) {
		d.mu.Lock()
		done := slices.Clone(d.ops[:ops])
		d.mu.Unlock()
		w := newWorld()
		for name, text := range d.first {
			w.names[name] = &node{states: [][]byte{text}}
		}
		for _, op := range done {
			w.apply(op)
		}
		cut := newPowerCut(w)
		for pick := range picks(cut.radix, most, uint64(ops)) {
			if !yield(cut.disk(pick)) {
				return
			}
		}
	}
}

// A powerCut is a list of things that came out one way or another, each apart
// from the others.
type powerCut struct {
	world *world
	names []string // that changed
	nodes []*node
	sizes [][]int      // of each node
	parts [][][]string // of each node's each sector
	radix []int        // in how many ways each came out: names, then for each node size and sectors
}

func newPowerCut(w *world) *powerCut {
	c := &powerCut{world: w, names: slices.Sorted(maps.Keys(w.changes))}
	for _, name := range c.names {
		c.radix = append(c.radix, len(w.changes[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(w.names)) {
		c.add(w.names[name])
	}
	for _, name := range c.names {
		for _, n := range w.changes[name] {
			if n != nil && !slices.Contains(c.nodes, n) {
				c.add(n)
			}
		}
	}
	return c
}

func (c *powerCut) add(n *node) {
	var sizes []int
	var parts [][]string
	for _, b := range n.states {
		sizes = append(sizes, len(b))
	}
	sizes = distinct(sizes)
	for at := 0; at < slices.Max(sizes); at += sector {
		var ways []string
		for _, b := range n.states {
			var s [sector]byte
			if at < len(b) {
				copy(s[:], b[at:])
			}
			if len(ways) > 0 {
				ways = append(ways, tear(ways[len(ways)-1], string(s[:])))
			}
			ways = append(ways, string(s[:]))
		}
		parts = append(parts, distinct(ways))
	}
	c.nodes, c.sizes, c.parts = append(c.nodes, n), append(c.sizes, sizes), append(c.parts, parts)
	c.radix = append(c.radix, len(sizes))
	for _, ways := range parts {
		c.radix = append(c.radix, len(ways))
	}
}

// distinct keeps the order, oldest first.
func distinct[E comparable](all []E) (each []E) {
	for _, e := range all {
		if !slices.Contains(each, e) {
			each = append(each, e)
		}
	}
	return each
}

// tear is a sector that was written to the middle of what is new in it.
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

// disk is the one where everything came out as picked.
func (c *powerCut) disk(pick []int) *Disk {
	names := maps.Clone(c.world.names)
	for _, name := range c.names {
		if names[name] = c.world.changes[name][pick[0]]; names[name] == nil {
			delete(names, name)
		}
		pick = pick[1:]
	}
	after := make(map[*node]*node)
	for i, n := range c.nodes {
		b := make([]byte, 0, len(c.parts[i])*sector)
		for s, ways := range c.parts[i] {
			b = append(b, ways[pick[1+s]]...)
		}
		after[n] = &node{states: [][]byte{b[:c.sizes[i][pick[0]]]}}
		pick = pick[1+len(c.parts[i]):]
	}
	d := New()
	for name, n := range names {
		d.root.names[name] = after[n]
		d.first[name] = after[n].now()
	}
	return d
}

// picks yields one number below each radix, for every combination or, if these
// are more than most, for a sample that is always the same.
func picks(radix []int, most int, seed uint64) iter.Seq[[]int] {
	all := 1
	for _, r := range radix {
		if all *= r; all > most {
			return sample(radix, most, seed)
		}
	}
	return func(yield func([]int) bool) {
		for i := range all {
			pick := make([]int, len(radix))
			for k, r := range radix {
				pick[k] = i % r
				i /= r
			}
			if !yield(pick) {
				return
			}
		}
	}
}

func sample(radix []int, most int, seed uint64) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		nothing, everything := make([]int, len(radix)), make([]int, len(radix))
		for k, r := range radix {
			everything[k] = r - 1
		}
		if !yield(nothing) || !yield(everything) {
			return
		}
		done := 2
		for k, r := range radix {
			for _, base := range [][]int{nothing, everything} {
				for way := range r {
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
		random := rand.New(rand.NewPCG(seed, 1))
		for ; done < most; done++ {
			pick := make([]int, len(radix))
			for k, r := range radix {
				pick[k] = random.IntN(r)
			}
			if !yield(pick) {
				return
			}
		}
	}
}
