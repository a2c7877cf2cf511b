// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A container is Debian's systemd as the first process of a namespace: no devices, no
// GPIO, and this machine's kernel and network.
type container struct {
	nspawn *exec.Cmd
	leader int // its first process, as this machine sees it
	said   bytes.Buffer
}

// startContainer boots the root directory, of which nothing is changed, with share at
// the same place inside.
func startContainer(t *testing.T, root, share string) *container {
	t.Helper()
	c := &container{nspawn: exec.Command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
		"--directory="+root, "--volatile=overlay", "--bind="+share, "--boot", "--console=pipe")}
	c.nspawn.Stdout, c.nspawn.Stderr = &c.said, &c.said
	if err := c.nspawn.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.nspawn.Process.Kill() // and with it all that is inside; nothing of it is kept
		c.nspawn.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for c.leader == 0 {
		if ctx.Err() != nil {
			t.Fatalf("the container does not start: %s", c.said.String())
		}
		<-time.After(50 * time.Millisecond)
		c.leader = firstOf(c.nspawn.Process.Pid)
	}
	for {
		if _, err := output(ctx, c, "systemctl is-system-running --wait"); err == nil {
			return c
		}
		if ctx.Err() != nil {
			t.Fatalf("the container does not come up: %s", c.said.String())
		}
		<-time.After(50 * time.Millisecond)
	}
}

// firstOf finds the process that is number 1 of its own namespace below parent.
func firstOf(parent int) int {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := map[string]string{}
		for line := range strings.Lines(string(b)) {
			name, text, _ := strings.Cut(line, ":")
			fields[name] = strings.TrimSpace(text)
		}
		if fields["PPid"] == strconv.Itoa(parent) && strings.HasSuffix(fields["NSpid"], "\t1") {
			pid, _ := strconv.Atoi(fields["Pid"])
			return pid
		}
	}
	return 0
}

func (c *container) Command(ctx context.Context, script string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", fmt.Sprintf("--target=%d", c.leader), "--all", "/bin/sh", "-c", script)
}
