// SPDX-License-Identifier: Apache-2.0

package api

import (
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/netutil"
)

//go:embed page
var assets embed.FS

// maxConns is the largest number of connections to the page at one time. A browser
// opens up to six.
const maxConns = 32

// ListenPage opens the page's address.
func ListenPage(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(l, maxConns), nil
}

// CheckListen returns an error if the page cannot have this address. loopback is true if
// only the board itself can reach the address.
func CheckListen(address string) (loopback bool, err error) {
	a, err := netip.ParseAddrPort(strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	if err != nil {
		return false, fmt.Errorf(`%.80q is not an IP address and a port; write it as "127.0.0.1:8077"`, address)
	}
	return a.Addr().Unmap().IsLoopback(), nil
}

// A Page is the technician's page. It is read-only. If there is a token, everything but
// the page's own files asks for it.
type Page struct {
	Listen string // address and port
	Token  Token
	Host   string // the board's name
}

// contentPolicy lets the page load its own files and ask its own station, and nothing else
// (Content Security Policy Level 3; require-trusted-types-for refuses innerHTML and the like).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Page returns the handler for the page's address. It panics if others than the board
// can reach the page and there is no token: `check` and `run` refuse that before.
func (a *API) Page(p Page) http.Handler {
	loopback, err := CheckListen(p.Listen)
	if err != nil || !loopback && !p.Token.Set() {
		panic("a page that others reach needs a token: call CheckListen and Token.Set first")
	}

	mux := a.readOnly()
	files := map[string]bool{"/": true}
	names, _ := fs.ReadDir(assets, "page") // embedded: it cannot fail
	for _, n := range names {
		files["/"+n.Name()] = true
		mux.HandleFunc("GET /"+n.Name(), asset)
	}
	mux.HandleFunc("GET /{$}", asset)

	hosts := p.hosts()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())

		// Who asks comes first, what they ask for last.
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is read-only", http.StatusMethodNotAllowed)

		case !knownHost(r.Host, hosts, loopback):
			http.Error(w, "this station has another name; ask for its address, or for "+strings.Join(hosts, ", "),
				http.StatusMisdirectedRequest)

		case fromForeignSite(r):
			http.Error(w, "other sites may not use this page", http.StatusForbidden)

		case p.Token.Set() && !files[r.URL.Path] && !p.hasToken(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="tagbase-edge"`)
			http.Error(w, "send the token of page.token_file: Authorization: Bearer TOKEN", http.StatusUnauthorized)

		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func setSecurityHeaders(h http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy":      contentPolicy,
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cache-Control":                "no-store",
	} {
		h.Set(name, value)
	}
}

// hosts returns the names that the page answers to, in lower case. On the loopback
// address that is localhost alone.
func (p Page) hosts() []string {
	names := []string{"localhost"}
	if loopback, _ := CheckListen(p.Listen); !loopback && p.Host != "" {
		first, _, _ := strings.Cut(p.Host, ".")
		names = append(names, p.Host, first, first+".local")
	}

	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// knownHost returns whether the browser asks for the station by one of its own names,
// and not by a name that somebody else has pointed at it (DNS rebinding). Nobody can
// point an IP address elsewhere. The port does not count: an SSH tunnel has its own.
func knownHost(host string, names []string, loopback bool) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}

	if ip, err := netip.ParseAddr(name); err == nil {
		return !loopback || ip.Unmap().IsLoopback()
	}
	return slices.Contains(names, strings.ToLower(strings.TrimSuffix(name, ".")))
}

// fromForeignSite returns whether another site's page sent the request (Fetch Metadata,
// w3.org/TR/fetch-metadata). A link to the page itself is allowed. Clients that are no
// browsers send no such header, and need none of this protection.
func fromForeignSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	default:
		return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
}

func (p Page) hasToken(r *http.Request) bool {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && p.Token.is(text)
}

func asset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}

	b, err := assets.ReadFile("page/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Write(b)
}
