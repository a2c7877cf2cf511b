// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
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
	group := fmt.Sprintf("tagbase-edge-test-%d", os.Getpid())
	c := &container{nspawn: exec.Command("/bin/sh", "-c",
		fmt.Sprintf(enterGroupScript, strings.Join(groupRoots, " ")), group,
		"systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
		"--directory="+root, "--volatile=overlay", "--bind="+share, "--boot", "--console=pipe")}
	c.nspawn.Stdout, c.nspawn.Stderr = &c.said, &c.said
	if err := c.nspawn.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if t.Failed() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			said, _ := output(ctx, c, "journalctl -n 60 -o short-precise --no-pager")
			t.Logf("the container's log ends\n%s", said)
		}

		if c.leader != 0 {
			syscall.Kill(c.leader, syscall.SIGKILL) // and with it all that is inside; nothing of it is kept
		}

		late := time.AfterFunc(patience, func() { c.nspawn.Process.Kill() })
		c.nspawn.Wait()
		late.Stop()
		leaveGroup(group)
	})

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	for c.leader == 0 {
		if ctx.Err() != nil {
			t.Fatalf("the container does not start: %s", c.said.String())
		}
		await.Elapse(50 * time.Millisecond)
		c.leader = findInit(c.nspawn.Process.Pid)
	}

	for {
		if _, err := output(ctx, c, "systemctl is-system-running --wait"); err == nil {
			return c
		}
		if ctx.Err() != nil {
			t.Fatalf("the container does not come up: %s", c.said.String())
		}

		await.Elapse(50 * time.Millisecond)
	}
}

// groupRoots are where cgroups may be mounted: those of version 2, or on a mixed machine systemd's own beside them.
var groupRoots = []string{"/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"}

// enterGroupScript puts what it executes into cgroups of its own, named by $0. Without them all containers would share
// one, and a systemd would wait for another's processes.
const enterGroupScript = `set -e
for root in %s; do
	[ ! -e $root/cgroup.procs ] || { mkdir -p $root/$0; echo $$ >$root/$0/cgroup.procs; }
done
exec "$@"`

// leaveGroup removes them, from the innermost outwards, as far as they are empty.
func leaveGroup(name string) {
	for _, root := range groupRoots {
		var dirs []string
		filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})

		for _, dir := range slices.Backward(dirs) {
			os.Remove(dir)
		}
	}
}

// findInit finds the process that is number 1 of its own namespace below parent.
func findInit(parent int) int {
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
