// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Server is a platform on a TLS port.
type Server struct {
	URL  string // https://127.0.0.1:PORT/api/v1
	http *http.Server
}

// Serve serves p on addr, such as 127.0.0.1:0, until Close.
func Serve(p *Simulated, addr string, cert tls.Certificate) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}

	// The port is known from here on, though addr may have left it open.
	s := &Server{
		URL: "https://" + listener.Addr().String() + "/api/v1",
		http: &http.Server{
			Handler:           p,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}},
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0), // clients that distrust the certificate are expected
		},
	}
	go s.http.ServeTLS(listener, "", "") // Close ends it
	return s, nil
}

// Close closes the port and every connection. The Simulated can be served again.
func (s *Server) Close() error { return s.http.Close() }
