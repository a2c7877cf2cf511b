// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package main

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

// plainCommand is what somebody writes in an afternoon, to measure a station beside: the binding's poll, the NFC Forum's
// six APDUs, net/http's client as it comes, and three files for lamps.
func plainCommand() *cobra.Command {
	p := &plainLoop{sessions: make(map[string]string)}
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

type plainLoop struct {
	device, base, key, lamps string
	client                   *http.Client
	sessions                 map[string]string
	dev                      nfc.Device
}

func (p *plainLoop) run() (err error) {
	if p.dev, err = nfc.Open(p.device); err != nil {
		return err
	}
	if err := p.dev.InitiatorInit(); err != nil {
		return err
	}
	fmt.Println("ready")
	modulations := []nfc.Modulation{{Type: nfc.ISO14443a, BaudRate: nfc.Nbr106}}
	for {
		n, _, err := p.dev.InitiatorPollTarget(modulations, 20, 150*time.Millisecond)
		if err != nil || n == 0 {
			continue
		}
		p.tap()
		for p.dev.InitiatorTargetIsPresent(nil) == nil {
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func (p *plainLoop) tap() {
	p.lamp("green", false)
	p.lamp("red", false)
	p.lamp("amber", true)
	address, err := p.read()
	at := time.Now()
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

func (p *plainLoop) lamp(name string, on bool) {
	value := "0\n"
	if on {
		value = "1\n"
	}
	os.WriteFile(filepath.Join(p.lamps, name), []byte(value), 0)
}

func (p *plainLoop) apdu(tx ...byte) ([]byte, error) {
	var rx [264]byte
	n, err := p.dev.InitiatorTransceiveBytes(tx, rx[:], 1000)
	if err != nil {
		return nil, err
	}
	if n < 2 || rx[n-2] != 0x90 || rx[n-1] != 0x00 {
		return nil, fmt.Errorf("APDU % X was answered % X", tx, rx[:n])
	}
	return rx[:n-2], nil
}

// read is NFC Forum T4T 2.0, 5.4.
func (p *plainLoop) read() (string, error) {
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
	if len(message) < 6 || message[3] != 'U' || message[4] != 0x04 {
		return "", errors.New("no https URL")
	}
	return "https://" + string(message[5:]), nil
}

func (p *plainLoop) post(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "failed", err
	}
	tag := path.Base(u.Path)
	attributes := make(map[string]string)
	for key, values := range u.Query() {
		attributes[key] = values[0]
	}
	data := map[string]any{"type": "verifications", "attributes": attributes}
	if session := p.sessions[tag]; session != "" {
		data["relationships"] = map[string]any{"session": map[string]any{"data": map[string]string{"type": "sessions", "id": session}}}
	}
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return "failed", err
	}
	req, err := http.NewRequest("POST", p.base+"/tags/"+tag+"/verifications", bytes.NewReader(body))
	if err != nil {
		return "failed", err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/vnd.api+json")
	req.Header.Set("Accept", "application/vnd.api+json")
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
	delete(p.sessions, tag)
	if answer.Data.Attributes.Status == "pending" {
		p.sessions[tag] = answer.Data.Relationships.Session.Data.ID
	}
	if answer.Data.Attributes.Status == "" {
		return "failed", errors.New(strings.TrimSpace(resp.Status))
	}
	return answer.Data.Attributes.Status, nil
}
