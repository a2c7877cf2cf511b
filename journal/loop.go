// SPDX-License-Identifier: Apache-2.0

package journal

import "time"

// run takes lines from the queue to the disk until the journal is closed.
func (j *Journal) run(w *writer, read chan<- Past, begun chan<- struct{}) {
	defer close(j.ended)
	j.step(w, func() error { return j.start(w, read) })
	j.step(w, func() error { return j.catchUp(w) })
	close(begun)
	later := time.NewTimer(soon)
	defer later.Stop()
	retry := time.NewTicker(again)
	defer retry.Stop()
	for armed := true; ; {
		select {
		case n := <-j.queue:
			waited := j.fill(w, n)
			j.step(w, func() error {
				err := w.flush()
				if waited || err != nil {
					err = first(err, w.sync())
				}
				return err
			})
			if len(w.loose) > 0 && !armed {
				later.Reset(soon)
				armed = true
			}
		case <-later.C:
			armed = false
			j.step(w, w.sync)
		case <-retry.C:
			if w.err != nil {
				w.err = nil
				j.step(w, func() error { return j.catchUp(w) })
			}
		case <-j.closing:
			j.fill(w)
			w.err = nil
			j.step(w, func() error { return first(j.catchUp(w), w.close()) })
			return
		}
	}
}

func first(err, second error) error {
	if err != nil {
		return err
	}
	return second
}

// step does something at the disk unless that is bad, and tells callers how it
// went.
func (j *Journal) step(w *writer, do func() error) {
	tried := w.err == nil
	if tried {
		j.mu.Lock()
		j.busy = time.Now()
		j.mu.Unlock()
		w.err = do()
	}
	if w.err != nil {
		w.answer(w.err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.busy.IsZero() && time.Since(j.busy) >= stuckTime {
		j.slow = time.Now()
	}
	j.busy = time.Time{}
	j.err = w.err
	if tried && w.err != nil {
		j.failures[failedAt(w.err)]++
	}
	j.counts.Held = len(w.held) + len(w.loose)
	j.counts.Lost += w.lost
	w.lost = 0
}

// fill takes what is queued into memory, and says whether anybody waits for it.
func (j *Journal) fill(w *writer, notes ...note) (waited bool) {
	for {
		for _, n := range notes {
			waited = waited || n.written != nil
			w.hold(n)
		}
		select {
		case n := <-j.queue:
			notes = []note{n}
		default:
			return waited
		}
	}
}

// start reads the journal and takes it over.
func (j *Journal) start(w *writer, read chan<- Past) error {
	l, err := load(w.o.FS, w.dir)
	if err == nil {
		j.mu.Lock()
		j.seq = max(j.seq, l.highest)
		j.counts.Skipped += l.skipped
		j.mu.Unlock()
	}
	read <- l.past
	if err != nil {
		return err
	}
	return w.begin(l)
}

// catchUp does what a bad disk has left undone.
func (j *Journal) catchUp(w *writer) error {
	if !w.known {
		if err := j.start(w, make(chan Past, 1)); err != nil {
			return err
		}
	}
	return first(w.flush(), w.sync())
}
