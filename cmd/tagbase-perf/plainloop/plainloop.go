// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package plainloop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/clausecker/nfc/v2"
	"github.com/spf13/cobra"
)

// Command is "tagbase-perf plain-loop", which tagbase-perf starts in a process of
// its own. It is not for people, so its flags have no help.
func Command() *cobra.Command {
	p := &loop{sessions: make(map[string]string)}
	c := &cobra.Command{Use: "plain-loop", Hidden: true, Args: cobra.NoArgs}
	c.Flags().StringVar(&p.device, "device", "", "")
	c.Flags().StringVar(&p.base, "base-url", "", "")
	c.Flags().StringVar(&p.key, "key", "", "")
	c.Flags().StringVar(&p.lamps, "lamps", "", "")
	ca := c.Flags().String("ca", "", "")

	c.RunE = func(*cobra.Command, []string) error {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)

		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		p.client = &http.Client{Transport: transport}

		return p.run()
	}
	return c
}

type loop struct {
	device, base, key string
	lamps             string // directory with the files green, red, amber
	client            *http.Client
	sessions          map[string]string // by tag id
	dev               nfc.Device
}

// run waits for a tag, handles its tap, and waits until it has left; for ever.
func (p *loop) run() (err error) {
	if p.dev, err = nfc.Open(p.device); err != nil {
		return err
	}
	if err := p.dev.InitiatorInit(); err != nil {
		return err
	}
	fmt.Println("ready")

	modulations := []nfc.Modulation{{Type: nfc.ISO14443a, BaudRate: nfc.Nbr106}}
	for {
		// 150 ms is the shortest period that the chip offers (PN532 User Manual, 7.3.13), 20 of them is 3 s.
		n, _, err := p.dev.InitiatorPollTarget(modulations, 20, 150*time.Millisecond)
		if err != nil || n == 0 {
			continue
		}
		p.tap()

		// A usual number for such a loop.
		for p.dev.InitiatorTargetIsPresent(nil) == nil {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// tap reads the tag, posts it, and prints the line that an alternative prints.
func (p *loop) tap() {
	p.lamp("green", false)
	p.lamp("red", false)
	p.lamp("amber", true)

	address, err := p.read()
	at := time.Now()

	// "failed" is no status of the platform: no lamp shows it.
	status := "failed"
	if err == nil {
		status, err = p.post(address)
	}

	switch status {
	case "valid":
		p.lamp("amber", false)
		p.lamp("green", true)
	case "invalid":
		p.lamp("amber", false)
		p.lamp("red", true)
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Println("scan", status, at.UnixMicro())
}

// lamp ignores errors, as an afternoon's program does.
func (p *loop) lamp(name string, on bool) {
	value := "0\n"
	if on {
		value = "1\n"
	}
	os.WriteFile(filepath.Join(p.lamps, name), []byte(value), 0)
}

// apdu returns the answer's data without its status word, which must be 90 00.
func (p *loop) apdu(tx ...byte) ([]byte, error) {
	var rx [264]byte // the longest frame of a PN532
	n, err := p.dev.InitiatorTransceiveBytes(tx, rx[:], 1000)
	if err != nil {
		return nil, err
	}
	if n < 2 || rx[n-2] != 0x90 || rx[n-1] != 0x00 {
		return nil, fmt.Errorf("the tag answered % X to APDU % X", rx[:n], tx)
	}
	return rx[:n-2], nil
}

// read finds the NDEF message and returns its URL (NFC Forum Type 4 Tag 2.0, 5.4).
func (p *loop) read() (string, error) {
	// SELECT the NDEF application, SELECT and READ the capability container.
	if _, err := p.apdu(0x00, 0xA4, 0x04, 0x00, 0x07, 0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01, 0x00); err != nil {
		return "", err
	}
	if _, err := p.apdu(0x00, 0xA4, 0x00, 0x0C, 0x02, 0xE1, 0x03); err != nil {
		return "", err
	}
	cc, err := p.apdu(0x00, 0xB0, 0x00, 0x00, 0x0F)
	if err != nil {
		return "", err
	}

	// SELECT the file that the container names, READ its length, READ the message.
	if _, err := p.apdu(0x00, 0xA4, 0x00, 0x0C, 0x02, cc[9], cc[10]); err != nil {
		return "", err
	}
	length, err := p.apdu(0x00, 0xB0, 0x00, 0x00, 0x02)
	if err != nil {
		return "", err
	}
	message, err := p.apdu(0x00, 0xB0, 0x00, 0x02, length[1])
	if err != nil {
		return "", err
	}

	// One short record of type U; 04 stands for "https://" (NFC Forum URI record, 3.2.2).
	if len(message) < 6 || message[3] != 'U' || message[4] != 0x04 {
		return "", errors.New("no https URL")
	}
	return "https://" + string(message[5:]), nil
}

// post submits the scan and returns the platform's status, or "failed".
func (p *loop) post(address string) (string, error) {
	req, tag, err := p.request(address)
	if err != nil {
		return "failed", err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return "failed", err
	}
	defer resp.Body.Close()

	var answer struct {
		Data struct {
			Attributes    struct{ Status string }
			Relationships struct {
				Session struct{ Data struct{ ID string } }
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "failed", err
	}

	// A verdict ends the session; a pending scan names the one to go on with.
	delete(p.sessions, tag)
	if answer.Data.Attributes.Status == "pending" {
		p.sessions[tag] = answer.Data.Relationships.Session.Data.ID
	}
	if answer.Data.Attributes.Status == "" {
		return "failed", errors.New(strings.TrimSpace(resp.Status))
	}
	return answer.Data.Attributes.Status, nil
}

// request makes the POST for a tap URL, in the session that the tag has open.
func (p *loop) request(address string) (req *http.Request, tag string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, "", err
	}
	tag = path.Base(u.Path)
	attributes := make(map[string]string)
	for key, values := range u.Query() {
		attributes[key] = values[0]
	}

	data := map[string]any{"type": "verifications", "attributes": attributes}
	if session := p.sessions[tag]; session != "" {
		resource := map[string]string{"type": "sessions", "id": session}
		data["relationships"] = map[string]any{"session": map[string]any{"data": resource}}
	}
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return nil, "", err
	}

	req, err = http.NewRequest("POST", p.base+"/tags/"+tag+"/verifications", bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/vnd.api+json")
	req.Header.Set("Accept", "application/vnd.api+json")
	return req, tag, nil
}
