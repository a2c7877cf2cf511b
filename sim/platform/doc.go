// SPDX-License-Identifier: Apache-2.0

// Package platform is a simulated Tagbase platform over HTTPS, which verifies the proofs of virtual chips, and a server
// that behaves as badly as a test asks.
package platform
