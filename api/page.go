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

// maxConns is how many connections the page has at once.
const maxConns = 32

// ListenPage opens the page's address.
func ListenPage(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(l, maxConns), nil
}

// CheckListen tells whether an address is one that the page may have, and whether
// the board alone can reach it.
func CheckListen(address string) (loopback bool, err error) {
	a, err := netip.ParseAddrPort(strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	if err != nil {
		return false, fmt.Errorf(`%.80q is not an IP address and a port; write it as "127.0.0.1:8077"`, address)
	}
	return a.Addr().Unmap().IsLoopback(), nil
}

// A Page is the technician's page: read-only, of its own files alone. Whoever asks
// for more than these files must show the token, if there is one.
type Page struct {
	Listen string
	Token  Token
	Host   string // the board's name
}

// policy lets the page load its own files and ask its own station, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Page is what answers on the page's address.
func (a *API) Page(p Page) http.Handler {
	loopback, err := CheckListen(p.Listen)
	if err != nil || !loopback && !p.Token.Set() {
		panic("a page that others reach has a token: CheckListen and Token.Set come first")
	}
	mux := a.reads()
	names, _ := fs.ReadDir(assets, "page")
	files := map[string]bool{"/": true}
	for _, n := range names {
		files["/"+n.Name()] = true
		mux.HandleFunc("GET /"+n.Name(), asset)
	}
	mux.HandleFunc("GET /{$}", asset)
	hosts := p.hosts()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header())
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is read-only", http.StatusMethodNotAllowed)
		case !knownHost(r.Host, hosts, loopback):
			http.Error(w, "no page of that name here; ask for the address, or for "+strings.Join(hosts, ", "), http.StatusMisdirectedRequest)
		case foreignSite(r):
			http.Error(w, "not for other sites", http.StatusForbidden)
		case p.Token.Set() && !files[r.URL.Path] && !p.shown(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="tagbase-edge"`)
			http.Error(w, "show the token of page.token_file: Authorization: Bearer TOKEN", http.StatusUnauthorized)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func guard(h http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy":      policy,
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cache-Control":                "no-store",
	} {
		h.Set(name, value)
	}
}

// hosts are the names under which a page is asked for.
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

// knownHost tells a station's own name from one that somebody else has pointed at it
// (DNS rebinding). An address cannot be pointed elsewhere; a port says nothing, since
// a tunnel has its own.
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

// foreignSite tells of a request that another site's page makes. A link to the page
// itself is none.
func foreignSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	default:
		return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
}

func (p Page) shown(r *http.Request) bool {
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
