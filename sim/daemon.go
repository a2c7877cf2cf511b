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

// A ScanLine is a station's log line of one finished scan.
type ScanLine struct {
	Msg            string  `json:"msg"`
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

// A Daemon is a running tagbase-edge.
type Daemon struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait, once done is closed

	mu    sync.Mutex
	lines []string
	news  chan struct{}
	next  int // the first line that NextScan has not looked at
}

// ErrEnded is what waiting for a daemon's line gives when the daemon has ended.
var ErrEnded = errors.New("the daemon has ended")

// StartDaemon starts program with the configuration and follows its log.
func StartDaemon(program, config string) (*Daemon, error) {
	d := &Daemon{
		cmd:  exec.Command(program, "run", "--config", config),
		done: make(chan struct{}),
		news: make(chan struct{}),
	}
	// A group of its own: a terminal's Ctrl-C is for the bench, which then stops it.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := d.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
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

// Log is all that the daemon has logged.
func (d *Daemon) Log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

// NextScan waits for the next finished scan.
func (d *Daemon) NextScan(ctx context.Context) (ScanLine, error) {
	var scan ScanLine
	err := d.await(ctx, func(line string) bool {
		scan = ScanLine{}
		return json.Unmarshal([]byte(line), &scan) == nil && scan.Msg == "scan"
	})
	return scan, err
}

// AwaitLine waits for the next line that holds text.
func (d *Daemon) AwaitLine(ctx context.Context, text string) error {
	return d.await(ctx, func(line string) bool { return strings.Contains(line, text) })
}

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
		select {
		case <-news:
		case <-d.done:
			return ErrEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Process is the daemon's own process.
func (d *Daemon) Process() *os.Process { return d.cmd.Process }

// Stop ends the daemon as systemd would, and returns how it ended.
func (d *Daemon) Stop() error {
	d.cmd.Process.Signal(syscall.SIGTERM)
	return d.Wait()
}

// Wait waits for the daemon's end.
func (d *Daemon) Wait() error {
	<-d.done
	return d.err
}
