// SPDX-License-Identifier: Apache-2.0

package journal

import "time"

// run takes lines from the queue to the disk until Close. It sends what the journal held
// to recovered, and closes ready when it has tried to take the journal over.
func (j *Journal) run(w *writer, recovered chan<- Past, ready chan<- struct{}) {
	defer close(j.ended)

	j.try(w, func() error { return j.recover(w, recovered) })
	j.try(w, func() error { return j.catchUp(w) })
	close(ready)

	// syncDue is nil while every line is synced; a nil channel never fires.
	syncDue := time.After(syncAfter)
	retry := time.NewTicker(retryAfter)
	defer retry.Stop()

	for {
		// The order of ready cases does not matter: each only does a part of the work, and
		// closing takes what is still queued with it.
		select {
		case p := <-j.queue:
			somebodyWaits := j.fill(w, p)
			j.try(w, func() error {
				err := w.flush()
				if somebodyWaits || err != nil {
					err = firstError(err, w.sync())
				}
				return err
			})
			if len(w.unsynced) > 0 && syncDue == nil {
				syncDue = time.After(syncAfter)
			}

		case <-syncDue:
			syncDue = nil
			j.try(w, w.sync)

		case <-retry.C:
			if w.err != nil {
				w.err = nil
				j.try(w, func() error { return j.catchUp(w) })
			}

		case <-j.closing:
			j.fill(w)
			w.err = nil // one last attempt, even at a bad disk
			j.try(w, func() error { return firstError(j.catchUp(w), w.close()) })
			return
		}
	}
}

// try does something at the disk, unless the disk is bad, and records the result. If the
// disk is or turns bad, it answers everybody who waits for a line.
func (j *Journal) try(w *writer, do func() error) {
	tried := w.err == nil
	if tried {
		j.mu.Lock()
		j.busySince = time.Now()
		j.mu.Unlock()

		// No lock is held here: do may hang, and Err must be able to say so.
		w.err = do()
	}

	// Nobody waits for a bad disk, and every channel receives an answer.
	if w.err != nil {
		w.answer(w.err)
	}

	j.mu.Lock()
	defer j.mu.Unlock()

	if !j.busySince.IsZero() && time.Since(j.busySince) >= stuckAfter {
		j.stuckAt = time.Now()
	}
	j.busySince = time.Time{}

	j.err = w.err
	if tried && w.err != nil {
		j.failures[failedOperation(w.err)]++
	}

	j.counts.Held = len(w.held) + len(w.unsynced)
	j.counts.Lost += w.lost
	w.lost = 0
}

// fill takes every queued line into memory, and returns whether somebody waits for one.
// With all of them in one go they share one sync.
func (j *Journal) fill(w *writer, lines ...pendingLine) (somebodyWaits bool) {
	for {
		for _, p := range lines {
			somebodyWaits = somebodyWaits || p.written != nil
			w.hold(p)
		}

		select {
		case p := <-j.queue:
			lines = []pendingLine{p}
		default:
			return somebodyWaits
		}
	}
}

// recover reads the journal and takes it over. It always sends to recovered.
func (j *Journal) recover(w *writer, recovered chan<- Past) error {
	l, err := load(w.o.FS, w.dir)
	if err == nil {
		j.mu.Lock()
		j.seq = max(j.seq, l.highest)
		j.counts.Skipped += l.skipped
		j.mu.Unlock()
	}
	recovered <- l.past

	if err != nil {
		return err
	}
	return w.takeOver(l)
}

// catchUp does what a bad disk has prevented so far.
func (j *Journal) catchUp(w *writer) error {
	if !w.recovered {
		if err := j.recover(w, make(chan Past, 1)); err != nil {
			return err
		}
	}
	return firstError(w.flush(), w.sync())
}
