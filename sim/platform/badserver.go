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

// A BadServer is a platform at its worst, with all that lies before it: on each connection it does what a test tells
// it. It counts the requests that reach it, from the first byte above TLS on.
type BadServer struct {
	URL string // https://127.0.0.1:PORT/api/v1

	listener net.Listener
	cert     tls.Certificate
	behave   func(*Call)
	calls    sync.WaitGroup // the goroutines of accept and of each connection

	mu    sync.Mutex // guards what follows
	open  map[net.Conn]bool
	reads map[string]int // how many requests began, by path
	seen  int            // how many connections there were
}

// A Call is one connection to a BadServer. Its methods that return a bool report whether the client has gone along.
type Call struct {
	Number int // from 1
	server *BadServer
	tcp    *net.TCPConn
	tls    *tls.Conn
	in     *bufio.Reader
}

// NewBadServer serves on a loopback port until Close. It calls behave with each connection, in a goroutine of its own,
// and closes the connection when behave returns.
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
	u.calls.Go(u.accept) // ends when Close closes the listener
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

		// Ends with behave, whose reads and writes fail once Close has closed the connection.
		u.calls.Go(func() {
			u.behave(c)
			c.Close()
		})
	}
}

// Reads returns how many requests for the path began to arrive. Those whose path never arrived count for the path "?".
func (u *BadServer) Reads(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.reads[path]
}

// Connections returns how many connections there were.
func (u *BadServer) Connections() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen
}

// Close ends all connections, and returns when behave has returned from each.
func (u *BadServer) Close() error {
	err := u.listener.Close()

	u.mu.Lock()
	for conn := range u.open {
		conn.Close()
	}
	u.mu.Unlock()

	// Without the lock, which a Call needs to close itself.
	u.calls.Wait()
	return err
}

// count counts a request that began to arrive; nil if its head did not arrive whole.
func (u *BadServer) count(r *http.Request) {
	path := "?"
	if r != nil {
		path = r.URL.Path
	}

	u.mu.Lock()
	u.reads[path]++
	u.mu.Unlock()
}

// Handshake does the TLS handshake, with the server's certificate.
func (c *Call) Handshake() bool { return c.HandshakeAs(c.server.cert) }

// HandshakeAs does the TLS handshake with another certificate.
func (c *Call) HandshakeAs(cert tls.Certificate) bool {
	c.tls = tls.Server(c.tcp, &tls.Config{Certificates: []tls.Certificate{cert}})
	c.in = bufio.NewReader(c.tls)
	return c.tls.Handshake() == nil
}

// ReadHead reads the request's head and counts it. Once the first byte has come it waits at most a second for the rest.
func (c *Call) ReadHead() (*http.Request, bool) {
	line, err := c.in.Peek(1)
	if err != nil || len(line) == 0 {
		return nil, false
	}

	// One byte is enough to count: the proof may have reached the platform.
	c.tls.SetReadDeadline(time.Now().Add(time.Second))
	r, err := http.ReadRequest(c.in)
	c.server.count(r)
	return r, err == nil
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

// Send writes bytes above TLS, without adding anything.
func (c *Call) Send(format string, args ...any) bool {
	_, err := fmt.Fprintf(c.tls, format, args...)
	return err == nil
}

// Answer sends a status, headers ("Name: value") and a body of JSON:API.
func (c *Call) Answer(status int, body string, headers ...string) bool {
	var more strings.Builder
	for _, h := range headers {
		more.WriteString(h + "\r\n")
	}

	const head = "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: " + mediaType + "\r\nContent-Length: %d\r\n%s\r\n%s"
	now := time.Now().UTC().Format(http.TimeFormat)
	return c.Send(head, status, http.StatusText(status), now, len(body), more.String(), body)
}

// SendPlain writes text below TLS.
func (c *Call) SendPlain(text string) { io.WriteString(c.tcp, text) }

// Hang waits until the client or BadServer.Close ends the connection.
func (c *Call) Hang() { io.Copy(io.Discard, c.tcp) }

// Reset ends the connection with a RST.
func (c *Call) Reset() {
	c.tcp.SetLinger(0)
	c.Close()
}

// Finish ends the connection with a FIN.
func (c *Call) Finish() { c.Close() }

// Close ends the connection; it may be called again.
func (c *Call) Close() {
	c.server.mu.Lock()
	delete(c.server.open, c.tcp)
	c.server.mu.Unlock()
	c.tcp.Close()
}
