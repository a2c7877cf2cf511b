// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/platform"
	"github.com/tagbase/tagbase-edge/sim/reader"
)

// A Bench is everything that a station meets, on one table: an antenna and tags, the two readers over it, three lamps,
// and the platform. All of it lies in one directory, which the bench neither makes nor removes.
type Bench struct {
	Dir      string
	Field    *antenna.Field
	PN532    *reader.PN532 // the reader for libnfc; order its faults here
	Tags     *TagTable
	Platform *platform.Simulated
	Lamps    *LampFiles
	Key      string // the account's key
	Liveness string // for WriteConfig; "" means two-taps
	Base     string // for WriteConfig: the platform's address; "" means URL

	server *platform.Server
	port   *reader.Adapter
	socket *reader.Socket
}

// certificateLife is long enough for a bench that is left running.
const certificateLife = 30 * 24 * time.Hour

// NewBench sets up a bench in dir, with both readers plugged in and the platform on the network.
func NewBench(dir string) (*Bench, error) {
	b := &Bench{Dir: dir, Field: antenna.NewField(), Key: "key_bench:" + rand.Text()}
	b.PN532 = reader.NewPN532(b.Field)
	b.Platform = platform.New(b.Key)
	b.Tags = NewTagTable(b.Platform)

	if err := b.start(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bench) start() (err error) {
	if err := b.startPlatform(); err != nil {
		return err
	}
	if b.Lamps, err = NewLampFiles(b.Dir); err != nil {
		return err
	}
	if b.port, err = reader.NewAdapter(b.path("pn532"), b.PN532); err != nil {
		return err
	}
	b.socket, err = reader.OpenSocket(b.Socket(), b.Field, b.Tags.Find)
	return err
}

// startPlatform serves the platform, and leaves what a station must know of it beside it: authority and key.
func (b *Bench) startPlatform() error {
	authority, err := platform.NewAuthority()
	if err != nil {
		return err
	}

	// Valid from an hour ago, so that it does not matter if the clock is set back a little while the bench runs.
	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(certificateLife), "127.0.0.1")
	if err != nil {
		return err
	}
	if b.server, err = platform.Serve(b.Platform, net.JoinHostPort("127.0.0.1", "0"), cert); err != nil {
		return err
	}

	// The modes that a station's files have: everybody may read the authority, only the owner the key.
	return errors.Join(
		os.WriteFile(b.path("ca.pem"), authority.PEM(), 0o644),
		os.WriteFile(b.path("api-key"), []byte(b.Key+"\n"), 0o600))
}

// Unplug pulls out both readers: port and socket are gone, the field is off. It also cuts off a hand at the socket
// (tagbase-sim tap); Field can still be used.
func (b *Bench) Unplug() error { return errors.Join(b.port.Unplug(), b.socket.Unplug()) }

// Plug plugs both readers in again, under the same names. They have lost their power meanwhile.
func (b *Bench) Plug() error { return errors.Join(b.port.Plug(), b.socket.Plug()) }

// Silence makes the simulated reader hang, or ends that. Faults of the PN532 are ordered at b.PN532.
func (b *Bench) Silence(on bool) { b.socket.Silence(on) }

// RefuseWrites makes the port of the reader for libnfc refuse every write, as a bus that has failed does, or ends that.
func (b *Bench) RefuseWrites(on bool) error { return b.port.RefuseWrites(on) }

func (b *Bench) path(name string) string { return filepath.Join(b.Dir, name) }

// URL returns the platform's address.
func (b *Bench) URL() string { return b.server.URL }

// Socket returns the socket at which tags are put and removed by hand, and which the simulated reader opens.
func (b *Bench) Socket() string { return b.path("bench.sock") }

// Device returns the configuration's name for one of the bench's readers, "libnfc" or "simulated".
func (b *Bench) Device(reader string) string {
	if reader == "libnfc" {
		return "pn532_uart:" + b.path("pn532")
	}
	return "simulated:" + b.Socket()
}

// WriteConfig writes a station's configuration for this bench, with more lines at its end, and returns its file.
func (b *Bench) WriteConfig(reader, more string) (string, error) {
	const format = `[station]
name = "bench"
state_dir = %q
socket = %q
[reader]
device = %q
liveness = %q
[tags]
entry_points = [%q]
[platform]
base_url = %q
key_file = %q
ca_file = %q
[leds]
green = "file:%s"
red = "file:%s"
amber = "file:%s"
%s`
	text := fmt.Appendf(nil, format,
		b.path("state"), b.path("api.sock"), b.Device(reader), cmp.Or(b.Liveness, "two-taps"), EntryPoint,
		cmp.Or(b.Base, b.server.URL), b.path("api-key"), b.path("ca.pem"),
		b.Lamps.Path(Green), b.Lamps.Path(Red), b.Lamps.Path(Amber), more)

	file := b.path("config.toml")
	return file, os.WriteFile(file, text, 0o644)
}

// Close ends everything, and removes what the bench made in its directory except plain files. It also takes a bench
// that NewBench has set up in part.
func (b *Bench) Close() error {
	var errs []error

	// The readers first: without them no tap is under way.
	if b.port != nil {
		errs = append(errs, b.port.Close())
	}
	if b.socket != nil {
		errs = append(errs, b.socket.Close())
	}
	if b.Lamps != nil {
		errs = append(errs, b.Lamps.Close())
	}
	if b.server != nil {
		errs = append(errs, b.server.Close())
	}

	return errors.Join(errs...)
}

// ClosePlatform takes the platform off the network.
func (b *Bench) ClosePlatform() error { return b.server.Close() }
