// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"time"
)

// A Subject is what there is to examine.
type Subject struct {
	Root   fs.FS // the machine's file system, from / on
	Config Config
	Probes Probes
}

// A Config is what the station's configuration says. If it has Problems, what could be read of it is examined
// all the same.
type Config struct {
	File      string   // its path
	Problems  []string // a line each, as tagbase-edge check prints them
	Device    string   // the reader's connstring
	Lamps     []LampLine
	ActiveLow bool
	StateDir  string
	KeyFile   string // where the key is read from
	KeyOwn    bool   // the daemon's own user reads the key file; otherwise systemd hands the key over
	Key       string // the key without its secret; empty if there is no key
	KeyFault  string // why there is no key
	Version   string // of this program
	Libnfc    bool   // whether this program has libnfc
}

// A LampLine is one lamp and what it is wired to, such as "GPIO17" or "file:/path"; "" is no lamp.
type LampLine struct{ Name, Line string }

// Probes try what cannot be read from files. If one is nil, its checks are skipped.
type Probes struct {
	// User is the name of the user who runs the doctor.
	User string

	// Reader opens the reader and tries it step by step. It ends with the first step that fails.
	Reader func() []ReaderStep

	// Daemon asks the running daemon about the reader that it holds. The error says that it could not be asked.
	Daemon func() (HeldReader, error)

	// Line returns who holds a GPIO line, or "". The error is fs.ErrPermission if this user may not know.
	Line func(name string) (consumer string, err error)

	// Free returns the space, in bytes, that is left where path lies.
	Free func(path string) (uint64, error)

	// Synchronised tells whether a time service keeps the kernel's clock.
	Synchronised func() (bool, error)

	// Platform sends one harmless request, and reports how far it got.
	Platform func() PlatformReach

	// Now is the board's clock, and Floor a moment that is known to have passed.
	Now, Floor time.Time

	// Versions are those of libraries, such as "libnfc 1.8.0".
	Versions []string
}

// A HeldReader is what the running daemon says of the reader that it holds.
type HeldReader struct {
	Says    string
	Fault   bool // it does not work
	Gone    bool // and it is not even there
	Blocked bool // it works, but a tag has lain on it for more than a minute

	HaltFails bool // it works, but of two tags at once it may see only one
}

// A ReaderStep is one step on the way to a reader that works.
type ReaderStep struct {
	Name    string // one of the Step… constants
	Found   string
	Err     string // why it failed; empty if it did not
	Aborted bool   // libnfc ended its process in this step
}

// The steps to a working reader, in their order.
const (
	StepOpen     = "open"     // the port opens
	StepWakeUp   = "wake-up"  // the chip answers
	StepFirmware = "firmware" // it says which chip it is
	StepField    = "field"    // it can ask its field for a tag
)

var readerSteps = []string{StepOpen, StepWakeUp, StepFirmware, StepField}

// A PlatformReach is how far a harmless GET got. The first of DNS, TCP, TLS and HTTP that is set is the error that
// ended it.
type PlatformReach struct {
	Host      string
	Port      string
	Addresses []string // of Host

	DNS  string // why the name has no address
	TCP  string // why no connection came about
	TLS  string // why the handshake failed
	HTTP string // why there was no answer

	TLSClock bool // the certificate is not valid at the station's time
	TLSLost  bool // the connection was lost during the handshake: the network's fault, not the certificate's
	Plain    bool // no TLS, which only an address of this machine itself may have

	Expires time.Time     // of the certificate
	Status  int           // of the answer; 0 without one
	Skew    time.Duration // how far the board's clock is ahead of the platform's; negative is behind
	Dated   bool          // whether Skew is known
}
