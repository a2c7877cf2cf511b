// SPDX-License-Identifier: Apache-2.0

package uplink_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tagbase/tagbase-edge/uplink"
)

// A tap URL becomes a submission, is prepared while the reader still looks at the tag, and is sent
// once the reader has said its last word.
func Example() {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the platform reads", r.Method, r.URL.Path)
		w.Header().Set("Content-Type", uplink.MediaType)
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"pending"},
			"relationships":{"session":{"data":{"type":"sessions","id":"ses_1"}}}}}`)
	}))
	defer server.Close()

	base, err := uplink.ParseBaseURL(server.URL + "/api/v1")
	if err != nil {
		fmt.Println(err)
		return
	}

	key, err := uplink.ParseKey([]byte("key_gate1:a-secret\n"))
	if err != nil {
		fmt.Println(err)
		return
	}

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	platform := uplink.NewPlatform(uplink.Config{
		Base: base, Key: key, Roots: roots, Clock: uplink.NewClock(time.Now),
	})

	entryPoint, err := uplink.ParseEntryPoint("https://tap.example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}

	tags := uplink.Tags{EntryPoints: []uplink.EntryPoint{entryPoint}}
	submission, err := tags.Submission("https://tap.example.com/tag_rose?e=EF96&c=94F1")
	if err != nil {
		fmt.Println(err)
		return
	}

	now := time.Now()
	request := platform.Prepare(submission, uplink.Plan{Tapped: now, By: now.Add(8 * time.Second)})
	fmt.Println("prepared with", platform.Key())

	answer := request.Send()
	fmt.Println(answer.Outcome, answer.Verification.Session)
	// Output:
	// prepared with key_gate1:redacted
	// the platform reads POST /api/v1/tags/tag_rose/verifications
	// pending ses_1
}

// A URL that is not one of ours is never posted.
func ExampleTags_Submission() {
	entryPoint, err := uplink.ParseEntryPoint("https://tap.example.com/t/")
	if err != nil {
		fmt.Println(err)
		return
	}

	tags := uplink.Tags{EntryPoints: []uplink.EntryPoint{entryPoint}}

	for _, tapURL := range []string{
		"https://tap.example.com/t/tag_rose?e=EF96",
		"https://tap.example.com/tag_rose?e=EF96",
		"https://tap.example.com/t/rose?e=EF96",
		"https://tap.example.com/t/tag_rose",
	} {
		submission, err := tags.Submission(tapURL)
		fmt.Println(submission.Tag, submission.Params, err)
	}
	// Output:
	// tag_rose map[e:EF96] <nil>
	//  map[] the URL is not under one of tags.entry_points
	//  map[] the URL holds no tag id and is not in tags.map_file
	//  map[] the URL's query cannot be passed on complete and unchanged
}
