// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// A secretKey makes the marks of one report. It is thrown away with the report's last check: with it a mark could be
// compared with every UID that there is.
type secretKey [sha256.Size]byte

func newSecretKey() (k secretKey) {
	rand.Read(k[:])
	return k
}

// hide returns what the report has in place of secret bytes: "<7 bytes #1f2e3d4c>". Equal bytes have equal marks.
func (k secretKey) hide(secret []byte) string {
	if len(secret) == 0 {
		return ""
	}

	// Four bytes: two secrets of one report do not meet, and nobody takes the mark for a whole value.
	h := hmac.New(sha256.New, k[:])
	h.Write(secret)
	return fmt.Sprintf("<%d bytes #%x>", len(secret), h.Sum(nil)[:4])
}

// hideUID is hide with the first byte in clear, which says who made the chip, or that the UID is random.
func (k secretKey) hideUID(uid []byte) string {
	if len(uid) == 0 {
		return ""
	}
	return fmt.Sprintf("%02x.. %s", uid[0], k.hide(uid))
}
