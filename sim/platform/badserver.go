// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A BadServer is a server that does on each connection what it is told: a platform,
// and all that lies before it, at its worst. It counts what it has read of each
// request, from the first byte above TLS on.
type BadServer struct {
	URL string // https://127.0.0.1:PORT/api/v1

	listener net.Listener
	cert     tls.Certificate
	behave   func(*Call)
	calls    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	reads map[string]int // requests that began, by their path
	seen  int            // connections
}

// A Call is one connection to a BadServer.
type Call struct {
	Number int // from 1
	server *BadServer
	tcp    *net.TCPConn
	tls    *tls.Conn
	in     *bufio.Reader
}

// NewBadServer serves on a loopback port until Close. Each connection is behave's;
// when that returns, it is closed.
func NewBadServer(cert tls.Certificate, behave func(*Call)) (*BadServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &BadServer{
		URL:      "https://" + listener.Addr().String() + "/api/v1",
		listener: listener,
		cert:     cert,
		behave:   behave,
		open:     make(map[net.Conn]bool),
		reads:    make(map[string]int),
	}
	u.calls.Go(u.accept)
	return u, nil
}

func (u *BadServer) accept() {
	for {
		conn, err := u.listener.Accept()
		if err != nil {
			return
		}
		u.mu.Lock()
		u.seen++
		c := &Call{Number: u.seen, server: u, tcp: conn.(*net.TCPConn)}
		u.open[conn] = true
		u.mu.Unlock()
		u.calls.Go(func() {
			u.behave(c)
			c.Close()
		})
	}
}

// Reads is how many requests for the path began to arrive, and Connections how
// many connections there were.
func (u *BadServer) Reads(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.reads[path]
}

func (u *BadServer) Connections() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen
}

// Close ends all connections.
func (u *BadServer) Close() error {
	err := u.listener.Close()
	u.mu.Lock()
	for conn := range u.open {
		conn.Close()
	}
	u.mu.Unlock()
	u.calls.Wait()
	return err
}

// Handshake does TLS, with the server's certificate.
func (c *Call) Handshake() bool { return c.HandshakeAs(c.server.cert) }

// HandshakeAs does TLS with another certificate.
func (c *Call) HandshakeAs(cert tls.Certificate) bool {
	c.tls = tls.Server(c.tcp, &tls.Config{Certificates: []tls.Certificate{cert}})
	c.in = bufio.NewReader(c.tls)
	return c.tls.Handshake() == nil
}

// ReadHead reads the request's head and counts it. After the first byte has come
// it waits no longer than a second for the rest.
func (c *Call) ReadHead() (*http.Request, bool) {
	line, err := c.in.Peek(1)
	if err != nil || len(line) == 0 {
		return nil, false
	}
	c.tls.SetReadDeadline(time.Now().Add(time.Second))
	r, err := http.ReadRequest(c.in)
	c.server.count(r)
	return r, err == nil
}

// count takes a request that began to arrive; one whose path is not known
// counts for the path "?".
func (u *BadServer) count(r *http.Request) {
	path := "?"
	if r != nil {
		path = r.URL.Path
	}
	u.mu.Lock()
	u.reads[path]++
	u.mu.Unlock()
}

// Read reads the whole request.
func (c *Call) Read() bool {
	r, ok := c.ReadHead()
	if !ok {
		return false
	}
	_, err := io.Copy(io.Discard, r.Body)
	return err == nil
}

// Send writes bytes as they are.
func (c *Call) Send(format string, args ...any) bool {
	_, err := fmt.Fprintf(c.tls, format, args...)
	return err == nil
}

// Answer sends a status, headers and a body of JSON:API.
func (c *Call) Answer(status int, body string, headers ...string) bool {
	var head strings.Builder
	for _, h := range headers {
		head.WriteString(h + "\r\n")
	}
	return c.Send("HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: application/vnd.api+json\r\nContent-Length: %d\r\n%s\r\n%s",
		status, http.StatusText(status), time.Now().UTC().Format(http.TimeFormat), len(body), head.String(), body)
}

// SendPlain writes below TLS.
func (c *Call) SendPlain(text string) { io.WriteString(c.tcp, text) }

// Hang waits until the other side or the server ends the connection.
func (c *Call) Hang() { io.Copy(io.Discard, c.tcp) }

// Reset ends the connection with a RST.
func (c *Call) Reset() {
	c.tcp.SetLinger(0)
	c.Close()
}

// Finish ends the connection with a FIN.
func (c *Call) Finish() { c.Close() }

func (c *Call) Close() {
	c.server.mu.Lock()
	delete(c.server.open, c.tcp)
	c.server.mu.Unlock()
	c.tcp.Close()
}
