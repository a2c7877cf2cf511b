// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// A ScanLine is the line that a station logs for one finished scan. Durations are in milliseconds.
type ScanLine struct {
	Msg            string  `json:"msg"` // always "scan"
	Seq            int     `json:"seq"`
	Time           string  `json:"time"`
	Station        string  `json:"station"`
	Outcome        string  `json:"outcome"`
	Reason         string  `json:"reason"`
	Tag            string  `json:"tag"`
	UID            string  `json:"uid"`
	Chip           string  `json:"chip"`
	CarriedSession string  `json:"carried_session"`
	Session        string  `json:"session"`
	Verification   string  `json:"verification"`
	HTTPStatus     int     `json:"http_status"`
	ReadMS         float64 `json:"read_ms"`
	ConnectMS      float64 `json:"connect_ms"`
	AnswerMS       float64 `json:"answer_ms"`
	TotalMS        float64 `json:"total_ms"`
}

// A Daemon is a tagbase-edge that runs.
type Daemon struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; set before done is closed

	mu    sync.Mutex // guards what follows
	lines []string
	news  chan struct{} // closed, and made again, at each line
	next  int           // the first line that NextScan or AwaitLine has not looked at
}

// ErrEnded means that the daemon has ended and will log no further line.
var ErrEnded = errors.New("the daemon has ended")

// StartDaemon starts program with a configuration file and follows its log.
func StartDaemon(program, config string) (*Daemon, error) {
	d := &Daemon{
		cmd:  exec.Command(program, "run", "--config", config),
		done: make(chan struct{}),
		news: make(chan struct{}),
	}

	// A process group of its own: Ctrl-C in a terminal reaches only the bench, which then stops the daemon.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := d.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}

	// Ends with the process. Wait closes the pipe, so the log is read to its end first.
	go func() {
		for s := bufio.NewScanner(log); s.Scan(); {
			d.add(s.Text())
		}
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	return d, nil
}

func (d *Daemon) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
	close(d.news)
	d.news = make(chan struct{})
}

// Log returns everything that the daemon has logged so far.
func (d *Daemon) Log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

// NextScan waits for the next finished scan. The error is ErrEnded or that of ctx.
func (d *Daemon) NextScan(ctx context.Context) (ScanLine, error) {
	var scan ScanLine
	err := d.await(ctx, func(line string) bool {
		scan = ScanLine{}
		return json.Unmarshal([]byte(line), &scan) == nil && scan.Msg == "scan"
	})
	return scan, err
}

// AwaitLine waits for the next line that holds text. The error is ErrEnded or that of ctx.
func (d *Daemon) AwaitLine(ctx context.Context, text string) error {
	return d.await(ctx, func(line string) bool { return strings.Contains(line, text) })
}

// await passes over lines until is holds for one. Lines that it has passed over are not looked at again.
func (d *Daemon) await(ctx context.Context, is func(line string) bool) error {
	for {
		d.mu.Lock()
		for d.next < len(d.lines) {
			line := d.lines[d.next]
			d.next++
			if is(line) {
				d.mu.Unlock()
				return nil
			}
		}
		news := d.news
		d.mu.Unlock()

		// news was taken under the lock, so no line can come between the look and the wait. If the daemon's last lines
		// and its end come together, either may win.
		select {
		case <-news:
		case <-d.done:
			return ErrEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Process returns the daemon's own process, not that of its reader.
func (d *Daemon) Process() *os.Process { return d.cmd.Process }

// Stop ends the daemon as systemd would, by SIGTERM, and returns how it ended.
func (d *Daemon) Stop() error {
	d.cmd.Process.Signal(syscall.SIGTERM)
	return d.Wait()
}

// Wait waits until the daemon has ended, and returns how it ended.
func (d *Daemon) Wait() error {
	<-d.done
	return d.err
}
