// SPDX-License-Identifier: Apache-2.0

// Package device holds the tests of what runs on a technician's board: the package
// under systemd, with device nodes and GPIO lines. `make test-service` runs it in a
// container, `make test-device` on an emulated arm64 board, `make test-pi3` on an
// emulated Raspberry Pi 3; all need root.
package device
