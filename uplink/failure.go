// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/tagbase/tagbase-edge/scan"
)

// A handshakeError is TLS on which both sides cannot agree. A connection that was lost in the
// middle of the handshake is not one: there, a second attempt may help.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "TLS: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// lostInHandshake reports whether the network failed in the middle of a TLS handshake. An alert
// that the other side sent arrives as a net.OpError as well, but holds no system call's error.
func lostInHandshake(err error) bool {
	var timeout net.Error

	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.Canceled)
}

// reasonOf says, by the error's type, why nothing could be sent.
func reasonOf(err error) scan.Reason {
	var (
		dns       *net.DNSError
		handshake *handshakeError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &dns):
		return scan.ReasonDNS
	// Before the handshake's: a certificate that is not valid now fails a handshake, too.
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return scan.ReasonClock
	case errors.As(err, &handshake):
		return scan.ReasonTLS
	default:
		return scan.ReasonNetwork
	}
}

var errMalformed = errors.New("the answer is not HTTP as it should be")

const longestError = 200 // bytes of an error's text in a log

// loggable returns an error that a log may hold. net/http quotes what it cannot read, and a
// proxy that echoes our header would make it quote the key. So only errors that are known to
// hold the network's own words pass.
func loggable(err error) error {
	var (
		op        *net.OpError
		dns       *net.DNSError
		handshake *handshakeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &handshake):
		err = handshake
	case errors.As(err, &dns):
		err = dns
	case errors.As(err, &op):
		err = op
	case errors.Is(err, context.DeadlineExceeded):
		err = context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		err = context.Canceled
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = io.ErrUnexpectedEOF
	case errors.Is(err, errAnswer): // our own words about an answer
	default:
		err = errMalformed
	}

	if text := err.Error(); len(text) > longestError {
		return errors.New(text[:longestError] + "…")
	}

	return err
}
