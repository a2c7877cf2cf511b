// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// maxBody is far above any real scan and keeps a runaway client out of memory.
const maxBody = 1 << 20

// Simulated is a simulated Tagbase platform under /api/v1, an http.Handler.
// It knows its tags' keys and verifies every proof. Where the public
// documentation is silent it is strict: key, then media types, then tag, then
// document.
type Simulated struct {
	// Window is how long a session is live from its opening. Set it before serving.
	Window time.Duration

	mu       sync.Mutex
	told     func(Post)
	key      string // "" when revoked
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
	Header     http.Header // the value of Authorization is withheld
	Body       []byte
}

type tag struct {
	// open verifies a scan's attributes; nil for a tag without a chip.
	open func(attributes map[string]string) (counter uint32, ok bool)
	next uint32 // one above the highest accepted counter
}

type session struct {
	id, tagID string
	opened    time.Time
	resolved  bool
}

// New makes a platform with one account, which has one key
// (`key_<id>:<secret>`), and no tags.
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

// Register22x adds an NTAG 22x DNA, whose proof is in the attribute m.
func (p *Simulated) Register22x(tagID string, uid [7]byte, key [16]byte) {
	p.register(tagID, func(attributes map[string]string) (uint32, bool) {
		got, counter, ok := chip.Open22x(key, attributes["m"])
		return counter, ok && got == uid
	})
}

// RegisterUnwritten adds a tag that is not yet written to a chip.
func (p *Simulated) RegisterUnwritten(tagID string) { p.register(tagID, nil) }

func (p *Simulated) register(tagID string, open func(map[string]string) (uint32, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tags[tagID] = &tag{open: open}
}

// Revoke makes the platform answer 401 until a key is set.
func (p *Simulated) Revoke() { p.SetKey("") }

// SetKey replaces the account's key.
func (p *Simulated) SetKey(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = key
}

// Forget drops the record of what was posted, and the sessions that are over. What
// the platform knows of tags and of live sessions stays.
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

// Posts is a copy of what was recorded, oldest first.
func (p *Simulated) Posts() []Post {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.recorded)
}

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

func (p *Simulated) post(w http.ResponseWriter, r *http.Request) (*resource, *refusal) {
	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))

	v := Post{HTTPStatus: http.StatusCreated, Header: withheld(r.Header), Body: body}
	created, ref, told := p.record(r, readErr, &v)
	if told != nil {
		told(v)
	}
	return created, ref
}

// OnPost has each recorded POST told before its answer is sent; the
// answer waits until told returns.
func (p *Simulated) OnPost(told func(Post)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = told
}

func (p *Simulated) record(r *http.Request, readErr error, v *Post) (created *resource, ref *refusal, told func(Post)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.Seq, v.Time = len(p.recorded)+1, time.Now()
	created, ref = p.create(r, readErr, v)
	if ref != nil {
		v.HTTPStatus = ref.status
	}
	p.recorded = append(p.recorded, *v)
	return created, ref, p.told
}

func (p *Simulated) create(r *http.Request, readErr error, v *Post) (*resource, *refusal) {
	segments := route(r)
	found := len(segments) == 3 && segments[0] == "tags" && segments[2] == "verifications"
	if found {
		v.TagID = segments[1]
	}
	if ref := p.admit(r); ref != nil {
		return nil, ref
	}
	t := p.tags[v.TagID]
	switch {
	case !found:
		return nil, refuse(http.StatusNotFound, "no such path")
	case t == nil:
		return nil, refuse(http.StatusNotFound, "no such tag under this account")
	case t.open == nil:
		return nil, refuse(http.StatusNotFound, "the tag has no chip yet")
	}
	var tooLarge *http.MaxBytesError
	if errors.As(readErr, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is over %d bytes", tooLarge.Limit)
	}
	var ref *refusal
	if v.Attributes, v.Carried, ref = parseScan(v.Body); ref != nil {
		return nil, ref
	}
	v.ID = "vrf_" + rand.Text()
	v.Status, v.Session = p.judge(v.Time, v.TagID, v.Attributes, v.Carried)
	return &resource{
		Type:       "verifications",
		ID:         v.ID,
		Attributes: map[string]string{"status": v.Status, "inserted_at": timestamp(v.Time)},
		Relationships: map[string]relationship{
			"session": toOne("sessions", v.Session),
			"tag":     toOne("tags", v.TagID),
		},
	}, nil
}

// judge gives a scan its status and the session that it is in. A session that
// an invalid scan opens is resolved from the start: its flow has its verdict.
func (p *Simulated) judge(now time.Time, tagID string, attributes map[string]string, carried string) (status, sessionID string) {
	t := p.tags[tagID]
	counter, fresh := t.open(attributes)
	fresh = fresh && counter >= t.next
	if fresh {
		t.next = counter + 1
	}

	s := p.sessions[carried]
	live := s != nil && s.tagID == tagID && !s.resolved && now.Before(s.opened.Add(p.Window))
	if !live {
		s = &session{id: "ses_" + rand.Text(), tagID: tagID, opened: now}
		p.sessions[s.id] = s
	}
	switch {
	case !fresh:
		status = "invalid"
	case live:
		status = "valid"
	default:
		return "pending", s.id
	}
	s.resolved = true
	return status, s.id
}

func (p *Simulated) get(_ http.ResponseWriter, r *http.Request) (*resource, *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
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

func withheld(h http.Header) http.Header {
	h = maps.Clone(h)
	if _, sent := h["Authorization"]; sent {
		h.Set("Authorization", "(withheld)")
	}
	return h
}

// Server is a platform on a TLS port.
type Server struct {
	URL  string // https://127.0.0.1:PORT/api/v1
	http *http.Server
}

// Serve serves p on addr, such as 127.0.0.1:0.
func Serve(p *Simulated, addr string, cert tls.Certificate) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "https://" + listener.Addr().String() + "/api/v1",
		http: &http.Server{
			Handler:           p,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}},
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0), // clients that distrust the certificate are expected
		},
	}
	go s.http.ServeTLS(listener, "", "")
	return s, nil
}

// Close cuts every connection; a Platform can be served again.
func (s *Server) Close() error { return s.http.Close() }
