// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"
)

func TestIssuedCertificateVerifies(t *testing.T) {
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.PEM()) {
		t.Fatal("the authority's PEM holds no certificate")
	}

	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	until := from.AddDate(0, 0, 30)
	cert, err := authority.Issue(from, until, "127.0.0.1", "platform.test")
	if err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name, host string
		at         time.Time
		want       string
	}{
		{"address", "127.0.0.1", from, "good"},
		{"name", "platform.test", until, "good"},
		{"other host", "other.test", from, "host"},
		{"unset clock", "127.0.0.1", time.Unix(60, 0), "expired"},
		{"too early", "127.0.0.1", from.Add(-time.Second), "expired"},
		{"too late", "127.0.0.1", until.Add(time.Second), "expired"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: tt.host, CurrentTime: tt.at})
			var host x509.HostnameError
			var invalid x509.CertificateInvalidError
			got := "other"

			switch {
			case err == nil:
				got = "good"
			case errors.As(err, &host):
				got = "host"
			case errors.As(err, &invalid) && invalid.Reason == x509.Expired && !invalid.Cert.IsCA:
				got = "expired"
			}

			if got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestAuthoritiesDistrustEachOther(t *testing.T) {
	one, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	other, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := one.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "platform.test")
	if err != nil {
		t.Fatal(err)
	}

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(other.PEM())
	_, err = cert.Leaf.Verify(x509.VerifyOptions{Roots: roots})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("got %v, want %T", err, unknown)
	}
}
