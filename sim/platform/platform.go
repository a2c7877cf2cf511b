// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Simulated is a platform under /api/v1, an http.Handler. See the package comment for what it checks.
type Simulated struct {
	// Window is how long a session is live, from its opening. Set it before serving.
	Window time.Duration

	mu       sync.Mutex // guards what follows
	told     func(Post)
	key      string // "" once revoked
	tags     map[string]*tag
	sessions map[string]*session
	recorded []Post
}

// Post is one POST as the platform saw it, refused ones included.
type Post struct {
	Seq        int // from 1
	Time       time.Time
	TagID      string            // as in the path
	Attributes map[string]string // nil if the document was not read
	Carried    string            // session id in the request
	ID         string            // vrf_…, "" if refused
	Session    string            // session id in the answer
	Status     string            // pending, valid or invalid; "" if refused
	HTTPStatus int
	Header     http.Header // without the value of Authorization
	Body       []byte
}

type tag struct {
	// open verifies a scan's attributes; nil for a tag without a chip.
	open func(attributes map[string]string) (counter uint32, ok bool)
	next uint32 // the lowest counter that is fresh: one above the highest accepted
}

type session struct {
	id, tagID string
	opened    time.Time
	resolved  bool // its flow has its verdict
}

// New makes a platform with one account, which has one key (`key_<id>:<secret>`), and no tags. A session is live for
// ten minutes, as on the real platform.
func New(key string) *Simulated {
	return &Simulated{
		Window:   10 * time.Minute,
		key:      key,
		tags:     make(map[string]*tag),
		sessions: make(map[string]*session),
	}
}

// Register424 adds an NTAG 424 DNA, whose proof is in the attributes e and c.
func (p *Simulated) Register424(tagID string, uid [7]byte, meta, file [16]byte) {
	p.register(tagID, func(attributes map[string]string) (uint32, bool) {
		got, counter, ok := chip.Open424(meta, file, attributes["e"], attributes["c"])
		return counter, ok && got == uid
	})
}

// Register22x adds an NTAG 22x DNA, whose proof is in the attribute m. A StatusDetect chip's proof must be genuine with
// the status of its loop, but the verdict does not depend on whether that loop is open or closed.
func (p *Simulated) Register22x(tagID string, uid [7]byte, key [16]byte) {
	p.register(tagID, func(attributes map[string]string) (uint32, bool) {
		got, counter, ok := chip.Open22x(key, attributes["m"])
		return counter, ok && got == uid
	})
}

// RegisterUnwritten adds a tag that has not been written to a chip yet.
func (p *Simulated) RegisterUnwritten(tagID string) { p.register(tagID, nil) }

func (p *Simulated) register(tagID string, open func(map[string]string) (uint32, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tags[tagID] = &tag{open: open}
}

// Revoke makes the platform answer 401 until SetKey sets a key.
func (p *Simulated) Revoke() { p.SetKey("") }

// SetKey replaces the account's key.
func (p *Simulated) SetKey(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = key
}

// Forget drops the record of what was posted, and the sessions that are resolved. Tags, with their counters, and live
// sessions stay.
func (p *Simulated) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.recorded = nil
	for id, s := range p.sessions {
		if s.resolved {
			delete(p.sessions, id)
		}
	}
}

// Posts returns a copy of what was recorded, oldest first.
func (p *Simulated) Posts() []Post {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.recorded)
}

// OnPost calls told with each POST once it is recorded. The answer waits until told returns.
func (p *Simulated) OnPost(told func(Post)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = told
}

// ServeHTTP implements http.Handler.
func (p *Simulated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answer := http.StatusCreated, p.post
	if r.Method != http.MethodPost {
		status, answer = http.StatusOK, p.get
	}

	data, ref := answer(w, r)
	if ref != nil {
		writeDocument(w, ref.status, ref.document())
		return
	}
	writeDocument(w, status, map[string]*resource{"data": data})
}

// get answers GET /sessions/{id}.
func (p *Simulated) get(_ http.ResponseWriter, r *http.Request) (*resource, *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Without a good key not even the path is looked at.
	if ref := p.admit(r); ref != nil {
		return nil, ref
	}

	segments := route(r)
	if r.Method != http.MethodGet || len(segments) != 2 || segments[0] != "sessions" {
		return nil, refuse(http.StatusNotFound, "no such path")
	}

	s := p.sessions[segments[1]]
	if s == nil {
		return nil, refuse(http.StatusNotFound, "no such session under this account")
	}
	return &resource{
		Type:          "sessions",
		ID:            s.id,
		Attributes:    map[string]string{"inserted_at": timestamp(s.opened)},
		Relationships: map[string]relationship{"tag": toOne("tags", s.tagID)},
	}, nil
}

// admit checks what every request must have: a good key, and JSON:API.
func (p *Simulated) admit(r *http.Request) *refusal {
	// The comparison takes the same time wherever the keys differ, so a client cannot guess one byte by byte.
	got, want := r.Header.Get("Authorization"), "Bearer "+p.key
	if p.key == "" || subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return refuse(http.StatusUnauthorized, "the key is missing, wrong or revoked")
	}
	return checkMedia(r)
}

// route cuts the path below /api/v1 into its segments.
func route(r *http.Request) []string {
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok {
		return nil
	}
	return strings.Split(rest, "/")
}
