// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

const testKey = "key_1:secret"

// The keys of all tags here, the UID of tag_424 and tag_22x, and that of tag_other.
var (
	testMeta = [16]byte{0x10, 15: 0x1F}
	testFile = [16]byte{0x20, 15: 0x2F}
	testUID  = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	otherUID = [7]byte{0x04, 1, 2, 3, 4, 5, 6}
)

// platformRig is a platform behind TLS, and a client that trusts it.
type platformRig struct {
	*Simulated
	url    string
	client *http.Client
}

func newPlatformRig(t *testing.T) *platformRig {
	t.Helper()
	p := New(testKey)
	p.Register424("tag_424", testUID, testMeta, testFile)
	p.Register424("tag_other", otherUID, testMeta, testFile)
	p.Register22x("tag_22x", testUID, testFile)
	p.RegisterUnwritten("tag_unwritten")

	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}

	server, err := Serve(p, "127.0.0.1:0", cert)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { server.Close() })

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)

	return &platformRig{p, server.URL, &http.Client{Transport: transport}}
}

// request makes a request that the platform admits.
func (r *platformRig) request(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}

	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Accept", mediaType)
	if body != "" {
		req.Header.Set("Content-Type", mediaType)
	}

	return req
}

// do sends a request, and checks what every answer must have.
func (r *platformRig) do(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != mediaType {
		t.Errorf("%s %s: got Content-Type %q, want %q", req.Method, req.URL.Path, got, mediaType)
	}
	if _, err := http.ParseTime(resp.Header.Get("Date")); err != nil {
		t.Errorf("%s %s: Date: %v", req.Method, req.URL.Path, err)
	}

	return resp, string(body)
}

// params are the attributes of a scan.
type params map[string]string

func params424(uid [7]byte, counter uint32) params {
	e, c := chip.Proof424(testMeta, testFile, uid, counter)
	return params{"e": e, "c": c, "lang": "de"}
}

func paramsStatusDetect(uid [7]byte, counter uint32, loop chip.LoopStatus) params {
	return params{"m": chip.ProofStatusDetect(testFile, uid, counter, loop)}
}

func params22x(uid [7]byte, counter uint32) params {
	return params{"m": chip.Proof22x(testFile, uid, counter)}
}

// scanBody returns the document of a scan, in a session unless that is "".
func scanBody(attributes params, session string) string {
	type object = map[string]any
	data := object{"type": "verifications", "attributes": attributes}
	if session != "" {
		data["relationships"] = object{"session": object{"data": object{"type": "sessions", "id": session}}}
	}
	body, err := json.Marshal(object{"data": data})
	if err != nil {
		panic(err)
	}

	return string(body)
}

// scan posts one scan, which the platform must accept.
func (r *platformRig) scan(t *testing.T, tagID string, attributes params, carried string) (status, session string) {
	t.Helper()
	resp, body := r.do(t, r.request(t, "POST", "/tags/"+tagID+"/verifications", scanBody(attributes, carried)))
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("got %s: %s", resp.Status, body)
	}
	var document struct{ Data resource }
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatal(err)
	}

	return document.Data.Attributes["status"], document.Data.Relationships["session"].Data.ID
}

// Each step is a scan. It carries the session of step number carry (from 1; 0 means none). The answer must name the
// session of step number session, or a new one (fresh).
func TestScansGetTheirStatusAndSession(t *testing.T) {
	const fresh = 0
	type step struct {
		tagID   string
		params  params
		carry   int
		want    string
		session int
	}

	a1, a2, a3, a9 := params424(testUID, 1), params424(testUID, 2), params424(testUID, 3), params424(testUID, 9)
	b1, b2 := params424(otherUID, 1), params424(otherUID, 2)
	m0, m1 := params22x(testUID, 0), params22x(testUID, 1)
	s1, s2 := paramsStatusDetect(testUID, 1, chip.LoopClosed), paramsStatusDetect(testUID, 2, chip.LoopOpen)
	forged := params{"m": strings.Replace(s2["m"], "xCO", "xCC", 1)}
	none := params{"x": "1"}
	tests := []struct {
		name  string
		steps []step
	}{
		{"two scans, and a third in the resolved session", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_424", a2, 1, "valid", 1}, {"tag_424", a3, 1, "pending", fresh},
		}},
		{"NTAG 22x, from counter 0", []step{
			{"tag_22x", m0, 0, "pending", fresh}, {"tag_22x", m1, 1, "valid", 1}}},
		{"two scans without the session", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_424", a2, 0, "pending", fresh}, {"tag_424", a3, 1, "valid", 1},
		}},
		{"clone repeats what it captured", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_424", a1, 1, "invalid", 1},
			{"tag_424", a2, 1, "pending", fresh},
		}},
		{"22x clone", []step{
			{"tag_22x", m0, 0, "pending", fresh}, {"tag_22x", m0, 1, "invalid", 1}}},
		{"replay without a session", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_424", a1, 0, "invalid", fresh},
			{"tag_424", a2, 2, "pending", fresh},
		}},
		{"a proof behind a newer counter", []step{
			{"tag_424", a9, 0, "pending", fresh}, {"tag_424", a3, 1, "invalid", 1}}},
		{"an invalid proof does not raise the counter", []step{
			{"tag_424", b2, 0, "invalid", fresh}, {"tag_424", a1, 0, "pending", fresh}}},
		{"crossing sessions", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_other", b1, 1, "pending", fresh},
			{"tag_424", a2, 2, "pending", fresh}, {"tag_424", a3, 1, "valid", 1}, {"tag_other", b2, 2, "valid", 2}}},
		{"another tag's proof", []step{{"tag_424", b1, 0, "invalid", fresh}}},
		{"another chip's proof", []step{
			{"tag_424", m0, 0, "invalid", fresh}, {"tag_22x", a1, 0, "invalid", fresh}}},
		{"22x mirror of another UID", []step{{"tag_22x", params22x(otherUID, 1), 0, "invalid", fresh}}},
		{"StatusDetect, whose loop is cut between its scans", []step{
			{"tag_22x", s1, 0, "pending", fresh}, {"tag_22x", s2, 1, "valid", 1}}},
		{"StatusDetect with a forged loop", []step{
			{"tag_22x", s1, 0, "pending", fresh}, {"tag_22x", forged, 1, "invalid", 1}}},
		{"no proof in a live session", []step{
			{"tag_424", a1, 0, "pending", fresh}, {"tag_424", none, 1, "invalid", 1}}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rig := newPlatformRig(t)
			sessions := []string{""}
			seen := map[string]bool{"": true}

			for i, s := range tt.steps {
				status, session := rig.scan(t, s.tagID, s.params, sessions[s.carry])
				if status != s.want {
					t.Errorf("scan %d: got %s, want %s", i+1, status, s.want)
				}
				if s.session == fresh && seen[session] || s.session != fresh && session != sessions[s.session] {
					t.Errorf("scan %d: got session %s of %v, want %d", i+1, session, sessions, s.session)
				}

				sessions, seen[session] = append(sessions, session), true
			}
		})
	}
}

// The two mirrors of NXP AN12998, under a key of zeros, are genuine; each of them with the MAC of the other is not.
func TestPlatformAcceptsTheApplicationNotesMirrors(t *testing.T) {
	const (
		mirror1, mac1 = "04AA2BD2335780x000001x", "B188AC6F69140B92"
		mirror3, mac3 = "04C767F2066180x000003x", "3779793DFE592188"
	)
	for _, tt := range []struct {
		mirror string
		uid    [7]byte
		want   string
	}{
		{mirror1 + mac1, [7]byte{0x04, 0xAA, 0x2B, 0xD2, 0x33, 0x57, 0x80}, "pending"},
		{mirror3 + mac3, [7]byte{0x04, 0xC7, 0x67, 0xF2, 0x06, 0x61, 0x80}, "pending"},
		{mirror1 + mac3, [7]byte{0x04, 0xAA, 0x2B, 0xD2, 0x33, 0x57, 0x80}, "invalid"},
		{mirror3 + mac1, [7]byte{0x04, 0xC7, 0x67, 0xF2, 0x06, 0x61, 0x80}, "invalid"},
	} {
		rig := newPlatformRig(t)
		rig.Register22x("tag_nxp", tt.uid, [16]byte{})
		if got, _ := rig.scan(t, "tag_nxp", params{"m": tt.mirror}, ""); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.mirror, got, tt.want)
		}
	}
}

func TestUnknownSessionOpensANewOne(t *testing.T) {
	status, session := newPlatformRig(t).scan(t, "tag_424", params424(testUID, 1), "ses_unknown")
	if status != "pending" || session == "ses_unknown" {
		t.Errorf("got %s in %s, want pending in a new session", status, session)
	}
}

func TestExpiredSessionOpensANewOne(t *testing.T) {
	rig := newPlatformRig(t)
	rig.Window = time.Nanosecond
	_, first := rig.scan(t, "tag_424", params424(testUID, 1), "")
	status, second := rig.scan(t, "tag_424", params424(testUID, 2), first)
	if status != "pending" || second == first {
		t.Errorf("got %s in %s after %s, want pending in a new session", status, second, first)
	}
}

func TestSessionIsLiveForLessThanTenMinutes(t *testing.T) {
	opened := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		age  time.Duration
		want string
	}{
		{10*time.Minute - 1, "valid"},
		{10 * time.Minute, "pending"},
	}

	for _, tt := range tests {
		p := New(testKey)
		p.Register424("tag_424", testUID, testMeta, testFile)
		_, session := p.judge(opened, "tag_424", params424(testUID, 1), "")
		if got, _ := p.judge(opened.Add(tt.age), "tag_424", params424(testUID, 2), session); got != tt.want {
			t.Errorf("session of age %v: got %s, want %s", tt.age, got, tt.want)
		}
	}
}

func TestAnswersAreTheDocumentedJSONAPI(t *testing.T) {
	const stamp = `20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`
	rig := newPlatformRig(t)
	resp, body := rig.do(t, rig.request(t, "POST", "/tags/tag_424/verifications", scanBody(params424(testUID, 1), "")))
	verification := regexp.MustCompile(`^{"data":{"type":"verifications","id":"vrf_\w+",` +
		`"attributes":{"inserted_at":"` + stamp + `","status":"pending"},` +
		`"relationships":{"session":{"data":{"type":"sessions","id":"(ses_\w+)"}},` +
		`"tag":{"data":{"type":"tags","id":"tag_424"}}}}}$`)

	match := verification.FindStringSubmatch(body)
	if resp.StatusCode != http.StatusCreated || match == nil {
		t.Fatalf("POST: got %s %s, want 201 %s", resp.Status, body, verification)
	}
	if resp.ProtoMajor != 2 {
		t.Errorf("got %s, want HTTP/2 for a client that offers it", resp.Proto)
	}

	resp, body = rig.do(t, rig.request(t, "GET", "/sessions/"+match[1], ""))
	session := regexp.MustCompile(`^{"data":{"type":"sessions","id":"` + match[1] + `",` +
		`"attributes":{"inserted_at":"` + stamp + `"},` +
		`"relationships":{"tag":{"data":{"type":"tags","id":"tag_424"}}}}}$`)

	if resp.StatusCode != http.StatusOK || !session.MatchString(body) {
		t.Errorf("GET: got %s %s, want 200 %s", resp.Status, body, session)
	}

	checkRefusal(t, rig, rig.request(t, "DELETE", "/sessions/"+match[1], ""), 404)
	checkRefusal(t, rig, rig.request(t, "GET", "/tags/"+match[1], ""), 404)
}

func TestTimestampIsUTCWithSixDecimals(t *testing.T) {
	at := time.Date(2026, 6, 8, 14, 34, 56, 120_000_999, time.FixedZone("", 2*60*60))
	if got, want := timestamp(at), "2026-06-08T12:34:56.120000Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyTheAccountsKeyIsAdmitted(t *testing.T) {
	rig := newPlatformRig(t)
	probe := func(want int) {
		t.Helper()
		if resp, body := rig.do(t, rig.request(t, "GET", "/sessions/ses_0", "")); resp.StatusCode != want {
			t.Errorf("got %s %s, want %d", resp.Status, body, want)
		}
	}

	probe(404)
	rig.Revoke()
	probe(401)
	empty := rig.request(t, "GET", "/sessions/ses_0", "")
	empty.Header.Set("Authorization", "Bearer ")
	checkRefusal(t, rig, empty, 401)
	rig.SetKey("key_2:other")
	probe(401)
	rig.SetKey(testKey)
	probe(404)
}

func TestPostsAreRecordedAndTold(t *testing.T) {
	rig := newPlatformRig(t)
	var told []Post
	rig.OnPost(func(v Post) { told = append(told, v) })

	_, session := rig.scan(t, "tag_424", params424(testUID, 1), "")
	body := scanBody(params424(testUID, 2), session)
	rig.do(t, rig.request(t, "POST", "/tags/tag_424/verifications", body))
	rig.do(t, rig.request(t, "GET", "/sessions/"+session, ""))
	rig.Revoke()
	rig.do(t, rig.request(t, "POST", "/tags/tag_other/verifications", "not JSON"))

	got := rig.Posts()
	if len(got) != 3 || len(told) != 3 {
		t.Fatalf("got %d recorded and %d told, want 3", len(got), len(told))
	}

	for i, v := range got {
		if v.Seq != i+1 || told[i].Seq != i+1 || v.Time.IsZero() {
			t.Errorf("record %d: got seq %d, told %d, at %v", i, v.Seq, told[i].Seq, v.Time)
		}

		for name, values := range v.Header {
			if strings.Contains(strings.Join(values, " "), "secret") {
				t.Errorf("record %d: the key is in %s", i, name)
			}
		}
	}

	v := got[1]
	if v.TagID != "tag_424" || v.Carried != session || v.Session != session || v.Status != "valid" ||
		v.HTTPStatus != 201 || v.Attributes["lang"] != "de" || !strings.HasPrefix(v.ID, "vrf_") ||
		!bytes.Equal(v.Body, []byte(body)) || v.Header.Get("Content-Type") != mediaType {
		t.Errorf("second record: got %+v", v)
	}

	v = got[2]
	refused := v.HTTPStatus == 401 && v.Status == "" && v.Session == ""
	if v.TagID != "tag_other" || !refused || string(v.Body) != "not JSON" {
		t.Errorf("refused record: got %+v", v)
	}
}

// If many clients post one proof at once, the platform accepts one of them.
func TestOneOfManyEqualProofsIsAccepted(t *testing.T) {
	const n = 20
	rig := newPlatformRig(t)
	attributes := params424(testUID, 1)
	var wg sync.WaitGroup

	for range n {
		wg.Go(func() {
			resp, err := rig.client.Do(rig.request(t, "POST", "/tags/tag_424/verifications", scanBody(attributes, "")))
			if err != nil {
				t.Error(err)
				return
			}

			resp.Body.Close()
			rig.Posts()
		})
	}

	wg.Wait()
	got := map[string]int{}
	for _, v := range rig.Posts() {
		got[v.Status]++
	}

	if got["pending"] != 1 || got["invalid"] != n-1 {
		t.Errorf("got %v, want 1 pending and %d invalid", got, n-1)
	}
}
