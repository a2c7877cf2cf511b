// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package reader

import (
	"errors"
	"strings"
	"testing"
)

func TestOpenWithoutLibnfcSaysSo(t *testing.T) {
	const device = "pn532_uart:/dev/ttyAMA0"
	_, err := Open(device)
	if !errors.Is(err, ErrNoLibnfc) || !strings.Contains(err.Error(), device) {
		t.Errorf("got %v, want %v of %s", err, ErrNoLibnfc, device)
	}

	if Missing(err) {
		t.Errorf("%v means missing", err)
	}
}
