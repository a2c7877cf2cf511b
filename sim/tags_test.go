// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/sim/platform"
)

const tagsKey = "key_1:secret"

// Two URLs of each genuine tag are a pending and a valid scan: the chip and the platform have the same keys and rule.
func TestGenuineTagsAreValidAtTheirSecondScan(t *testing.T) {
	p := platform.New(tagsKey)
	tags := NewTagTable(p)
	server := httptest.NewServer(p)
	defer server.Close()

	var genuine []string
	for _, tag := range tags.List() {
		if !strings.HasPrefix(tag.Name, "genuine-") {
			continue
		}
		genuine = append(genuine, tag.Name)
		chip := tag.chip.(interface{ Capture() string })

		status, session := postCapture(t, server.URL, chip.Capture(), "")
		if status != "pending" {
			t.Errorf("%s: the first scan is %q, want pending", tag.Name, status)
		}
		if status, _ := postCapture(t, server.URL, chip.Capture(), session); status != "valid" {
			t.Errorf("%s: the second scan is %q, want valid", tag.Name, status)
		}
	}

	if got, want := strings.Join(genuine, " "), "genuine-424 genuine-223 genuine-224 genuine-223-status"; got != want {
		t.Errorf("got the genuine tags %s, want %s", got, want)
	}
}

// postCapture posts the parameters of a tap URL as a scan, in a session unless that is "".
func postCapture(t *testing.T, server, tapURL, session string) (status, opened string) {
	t.Helper()
	tap, err := url.Parse(tapURL)
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]string{}
	for name, values := range tap.Query() {
		attributes[name] = values[0]
	}

	type object = map[string]any
	scan := object{"type": "verifications", "attributes": attributes}
	if session != "" {
		scan["relationships"] = object{"session": object{"data": object{"type": "sessions", "id": session}}}
	}
	body, err := json.Marshal(object{"data": scan})
	if err != nil {
		t.Fatal(err)
	}

	address := fmt.Sprintf("%s/api/v1/tags%s/verifications", server, tap.Path)
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tagsKey)
	req.Header.Set("Content-Type", "application/vnd.api+json")
	req.Header.Set("Accept", "application/vnd.api+json")

	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	var document struct {
		Data struct {
			Attributes    struct{ Status string }
			Relationships struct {
				Session struct{ Data struct{ ID string } }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return document.Data.Attributes.Status, document.Data.Relationships.Session.Data.ID
}
