// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"time"
)

// A Station is what there is to examine.
type Station struct {
	Root   fs.FS // the machine's file system, from / on
	Config Config
	Probes Probes
}

// A Config is what the station's configuration says. What is wrong with it is in
// Problems; what could be read of it is examined all the same.
type Config struct {
	File      string
	Problems  []string
	Device    string // the reader's connstring
	Lamps     []Lamp
	ActiveLow bool
	StateDir  string
	KeyFile   string // where the key is read from
	KeyOwn    bool   // by the daemon's own user; else systemd hands it over
	Key       string // the key without its secret; empty if there is none
	KeyFault  string // why there is none
	Version   string // of this program
	Libnfc    bool   // whether this program has libnfc
}

// A Lamp is one lamp and its line, such as "GPIO17" or "file:/path".
type Lamp struct{ Name, Line string }

// Probes try what cannot be read. One that is nil is left out, and so is what it
// would have found.
type Probes struct {
	// User is who examines.
	User string
	// Reader opens the reader and tries it, step by step; it ends with the first
	// that fails.
	Reader func() []Step
	// Daemon asks the running daemon what it says of its reader, while it holds it; the
	// error is that it could not be asked.
	Daemon func() (HeldReader, error)
	// Line looks up who holds a GPIO line; "" is nobody.
	Line func(name string) (consumer string, err error)
	// Free is the space that is left where path lies, in bytes.
	Free func(path string) (uint64, error)
	// Synchronised tells whether the kernel's clock is disciplined by a time service.
	Synchronised func() (bool, error)
	// Platform goes as far as it can.
	Platform func() Platform
	// Now is the board's clock, and Floor a moment that is known to have passed.
	Now, Floor time.Time
	// Versions are of libraries, "libnfc 1.8.0".
	Versions []string
}

// A HeldReader is the reader as the running daemon tells of it.
type HeldReader struct {
	Says  string
	Fault bool // it does not work
	Gone  bool // and it is not even there
}

// A Step is one step on the way to a reader that works: open, wake-up, firmware, field.
type Step struct {
	Name  string
	Found string
	Err   string // why it failed; empty if it did not
	// Aborted tells that libnfc ended its process in this step.
	Aborted bool
}

// The steps to a working reader, in their order.
const (
	StepOpen     = "open"
	StepWakeUp   = "wake-up"
	StepFirmware = "firmware"
	StepField    = "field"
)

// A Platform is how far a harmless GET came. The first of the errors that is set
// ended it.
type Platform struct {
	Host      string
	Port      string
	Addresses []string
	DNS       string
	TCP       string
	TLS       string
	// TLSClock tells that the certificate is not valid at the station's time.
	TLSClock bool
	// TLSLost tells that the connection was lost meanwhile: the network's failure.
	TLSLost bool
	// Plain tells that there is no TLS, which is for loopback only.
	Plain   bool
	Expires time.Time
	HTTP    string        // why there was no answer
	Status  int           // of the answer
	Skew    time.Duration // of the board's clock, ahead is positive
	Dated   bool          // whether Skew is known
}
