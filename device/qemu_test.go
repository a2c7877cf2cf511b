// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
)

// A guest is an emulated board: QEMU without hardware help, its disk a copy that is
// thrown away, reached by ssh on this machine's loopback.
type guest struct {
	*testing.T
	image   string // what device/image made
	dir     string
	ssh     string // the port of this machine's loopback that leads to the guest's sshd
	monitor *bufio.ReadWriter
}

// boot starts QEMU and waits until the guest answers.
func boot(t *testing.T, image string, arguments func(g *guest) []string) *guest {
	t.Helper()
	g := &guest{T: t, image: image, dir: t.TempDir(), ssh: freePort(t)}
	disk := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
		filepath.Join(image, "disk.img"), g.file("disk"))
	if out, err := disk.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	said := &bytes.Buffer{}
	qemu := exec.Command("qemu-system-aarch64", append([]string{"-nodefaults", "-display", "none",
		"-serial", "file:" + g.file("console"), "-qmp", "unix:" + g.file("qmp") +
			",server=on,wait=off"}, arguments(g)...)...)
	qemu.Stdout, qemu.Stderr = said, said
	qemu.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := qemu.Start(); err != nil {
		t.Fatal(err)
	}

	ended := make(chan struct{})
	go func() { qemu.Wait(); close(ended) }() // ends with QEMU, which the cleanup kills
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the console:\n%s", g.console())
		}
		qemu.Process.Kill()
		await.Value(t, "the end of QEMU", ended)
	})

	g.connect(ended, said)
	g.awaitUp()
	return g
}

func (g *guest) file(name string) string { return filepath.Join(g.dir, name) }

func (g *guest) console() string {
	b, _ := os.ReadFile(g.file("console"))
	return string(b[max(0, len(b)-2000):])
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// connect opens QEMU's monitor.
func (g *guest) connect(ended <-chan struct{}, said *bytes.Buffer) {
	g.Helper()
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("unix", g.file("qmp"))
		if err == nil {
			g.monitor = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
			g.tell("qmp_capabilities", nil)
			return
		}

		select {
		case <-ended:
			g.Fatalf("QEMU ended: %s", said)
		case <-time.After(100 * time.Millisecond):
		}

		if time.Now().After(deadline) {
			g.Fatalf("QEMU's monitor: %v", err)
		}
	}
}

// tell has QEMU do something, and returns its answer.
func (g *guest) tell(command string, arguments map[string]any) string {
	g.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}

	request, _ := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
	g.monitor.Write(append(request, '\n'))
	g.monitor.Flush()

	for {
		line, err := g.monitor.ReadBytes('\n')
		if err != nil {
			g.Fatalf("QEMU's monitor: %v", err)
		}

		var answer struct {
			Return json.RawMessage
			Error  json.RawMessage
		}
		json.Unmarshal(line, &answer)
		if answer.Error != nil {
			g.Fatalf("QEMU: %s: %s", command, answer.Error)
		}
		if answer.Return != nil {
			var text string
			json.Unmarshal(answer.Return, &text)
			return text
		}
	}
}

// cable puts the platform's network in or pulls it out.
func (g *guest) cable(in bool) { g.tell("set_link", map[string]any{"name": "far", "up": in}) }

// cutPower is a power cut and its end.
func (g *guest) cutPower() { g.tell("system_reset", nil) }

func (g *guest) Command(ctx context.Context, script string) *exec.Cmd {
	return exec.CommandContext(ctx, "ssh", "-q", "-i", filepath.Join(g.image, "key"), "-p", g.ssh,
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5",
		"-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6", "root@127.0.0.1", script)
}

// bootPatience is what a boot takes beside much other work; one in some ten hangs before
// its first word, and is then begun again.
const bootPatience = 4 * time.Minute

// awaitUp waits until all that starts at boot has started.
func (g *guest) awaitUp() {
	g.Helper()
	began := time.Now()

	for range 3 {
		if g.up() {
			fmt.Printf("boot %6.1f s\n", time.Since(began).Seconds())
			return
		}
		fmt.Printf("the board does not come up; once more\n")
		g.cutPower()
	}

	g.Fatalf("the board does not come up:\n%s", g.console())
}

func (g *guest) up() bool {
	g.Helper()
	ctx, cancel := context.WithTimeout(g.Context(), bootPatience)
	defer cancel()

	for ctx.Err() == nil {
		state, err := output(ctx, g, "systemctl is-system-running --wait")
		if err == nil {
			return true
		}
		if strings.HasPrefix(state, "degraded") {
			failed, _ := output(g.Context(), g, "systemctl --failed --no-pager --no-legend")
			g.Fatalf("on the board this has failed:\n%s", failed)
		}

		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
		}
	}

	return false
}
