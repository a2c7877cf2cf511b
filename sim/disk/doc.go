// SPDX-License-Identifier: Apache-2.0

// Package disk is a file system in memory that may lose power, run full, or fail in any operation.
package disk
