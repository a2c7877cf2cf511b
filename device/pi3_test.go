// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
)

// TestPi3 is what only a Raspberry Pi's own GPIO block shows: its lines' names, and that a
// line keeps its level when nobody holds it any more.
func TestPi3(t *testing.T) {
	skipUnlessPossible(t)
	bench := benchOn(t)
	r := &machineTest{T: t, bench: bench}
	g := boot(t, os.Getenv("BOARD"), func(g *guest) []string {
		return []string{
			"-M", "raspi3b", "-m", "1G",
			"-kernel", filepath.Join(g.image, "vmlinuz"), "-initrd", filepath.Join(g.image, "initrd"),
			"-dtb", filepath.Join(g.image, "bcm2837.dtb"),
			"-append", "root=LABEL=board rw console=ttyAMA0 quiet ip=10.0.2.15:::255.255.255.0:board::none",
			"-drive", "file=" + g.file("disk") + ",if=sd",
			"-netdev", "user,id=ours,net=10.0.2.0/24,restrict=on,hostfwd=tcp:127.0.0.1:" + g.ssh + "-10.0.2.15:22",
			"-device", "usb-net,netdev=ours,mac=52:54:00:00:00:02",
		}
	})

	r.machine = g
	r.mustRun("date -s @%d", time.Now().Unix()) // it has no clock
	r.followLog(t.Context())

	r.runCase("installed with apt", freshInstall)
	r.runCase("lamps are found by the names on the board's header, without root", func(r *machineTest) {
		if lit := g.lit(); lit != (sim.Lit{}) {
			r.Fatalf("lit before the station: %v", lit)
		}

		r.config = stationConfig
		r.config = strings.Replace(r.config, `ca_file = "/etc/tagbase-edge/ca.pem"`, "", 1)
		r.configure("")
		r.write("/etc/tagbase-edge/api-key", 0o600, bench.Key+"\n")
		r.mustRun("systemctl enable --now tagbase-edge")
		r.awaitLog(`"service_code":1`)
		g.awaitLit(amber) // it blinks the code
	})

	const killed = "SIGKILL while amber is lit: the line keeps its level, and ExecStopPost puts it out"
	r.runCase(killed, func(r *machineTest) {
		r.mustRun("mkdir -p /run/systemd/system/tagbase-edge.service.d && "+
			"printf '[Service]\\nExecStopPost=\\nRestart=no\\n' "+
			">/run/systemd/system/tagbase-edge.service.d/bare.conf && "+
			"systemctl daemon-reload && systemctl restart %s", unit)

		g.awaitLit(amber)
		for range 20 { // in the middle of a blink
			r.mustRun("systemctl start %s", unit)
			g.awaitLit(amber)
			r.mustRun("systemctl kill -s KILL %s", unit)
			if g.lit() == amber {
				break
			}
		}

		fmt.Printf("     after SIGKILL without ExecStopPost: %v\n", g.lit())
		r.mustRun("rm -r /run/systemd/system/tagbase-edge.service.d && systemctl daemon-reload && systemctl start %s",
			unit)
		g.awaitLit(amber)
		r.mustRun("systemctl kill -s KILL %s && systemctl stop %s", unit, unit)
		g.awaitLit(dark)
	})

	r.runCase("SIGTERM: dark", func(r *machineTest) {
		r.mustRun("systemctl start %s", unit)
		g.awaitLit(amber)
		r.mustRun("systemctl stop %s", unit)
		g.awaitLit(dark)
	})
}

// lit reads the lamps' levels from the board's GPLEV0 (BCM2835 ARM Peripherals, section 6.1).
func (g *guest) lit() (lit sim.Lit) {
	g.Helper()
	said := g.tell("human-monitor-command", map[string]any{"command-line": "xp /1xw 0x3f200034"})
	_, text, _ := strings.Cut(said, ": ")
	levels, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(text), "0x"), 16, 32)
	if err != nil {
		g.Fatalf("GPLEV0: %q", said)
	}

	for lamp, line := range map[sim.Colour]int{sim.Green: 17, sim.Red: 27, sim.Amber: 22} {
		lit[lamp] = levels>>line&1 == 1
	}

	return lit
}

func (g *guest) awaitLit(want sim.Lit) {
	g.Helper()
	if !await.Holds(func() bool { return g.lit() == want }) {
		g.Fatalf("lamps %v, want %v (green, red, amber)", g.lit(), want)
	}
}
