// SPDX-License-Identifier: Apache-2.0

package scan

// A ServiceCode says that a station needs a technician, and for what. The amber lamp
// blinks this number; status, doctor, log and docs show the same one.
type ServiceCode int

// The service codes, in the README's order. A code never changes its meaning: technicians learn them.
const (
	ServiceNone                ServiceCode = 0
	ServiceReaderNotFound      ServiceCode = 1
	ServiceReaderSilent        ServiceCode = 2
	ServicePlatformUnreachable ServiceCode = 3
	ServiceKeyRefused          ServiceCode = 4
	ServiceClockOrCertificate  ServiceCode = 5
	ServiceStorage             ServiceCode = 6
	ServiceLamps               ServiceCode = 7
)

// MaxServiceCode is the highest code.
const MaxServiceCode = ServiceLamps

// String is the code in words, "none" without one.
func (c ServiceCode) String() string {
	if c < ServiceNone || c > MaxServiceCode {
		return "unknown service code"
	}

	return serviceTexts[c].words
}

// Mend is what a technician does about the code, "" without one.
func (c ServiceCode) Mend() string {
	if c < ServiceNone || c > MaxServiceCode {
		return ""
	}

	return serviceTexts[c].mend
}

// serviceTexts are the words for each code. The README's table of service codes says the same.
var serviceTexts = [MaxServiceCode + 1]struct{ words, mend string }{
	ServiceNone: {words: "none"},
	ServiceReaderNotFound: {
		words: "reader not found",
		mend: "look at the cable, reader.device and the permission of the port; " +
			"run sudo tagbase-edge doctor to find out which",
	},
	ServiceReaderSilent: {
		words: "reader does not answer",
		mend: "look at the reader's power, wires and mode switches, and for another program at its port; " +
			"run sudo tagbase-edge doctor to find out which",
	},
	ServicePlatformUnreachable: {
		words: "platform unreachable",
		mend:  "look at the network, DNS and platform.base_url; run sudo tagbase-edge doctor to find out which",
	},
	ServiceKeyRefused: {
		words: "key refused",
		mend:  "put a new key into the key file, then: sudo systemctl restart tagbase-edge",
	},
	ServiceClockOrCertificate: {
		words: "clock or certificate",
		mend:  "set the board's clock, or correct platform.ca_file; run sudo tagbase-edge doctor to find out which",
	},
	ServiceStorage: {
		words: "storage",
		mend:  "look at the card: full, failing or read-only; scans go on",
	},
	ServiceLamps: {
		words: "lamps",
		mend:  "look at the wires and lines of leds.*; run sudo tagbase-edge doctor to find out which",
	},
}
