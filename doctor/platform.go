// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// networkChecks are the steps of a request to the platform, in order.
var networkChecks = []string{"DNS", "TCP", "TLS", "platform"}

// checkNetwork says how far the request to the platform got: DNS, TCP, TLS, an answer.
func checkNetwork(e *examination) []Finding {
	p := e.platform
	if e.Probes.Platform == nil || p.Host == "" {
		return eachSkipped(networkChecks, "not tried")
	}

	// The first step that fails ends the list: those behind it were not tried.
	if p.DNS != "" {
		f := wrong("DNS", p.DNS, "getent hosts "+p.Host, "ip address; ip route; cat /etc/resolv.conf", "sudo nmtui")
		found := []Finding{f.coded(scan.ServicePlatformUnreachable)}
		return append(found, eachSkipped(networkChecks[1:], "after DNS")...)
	}
	found := []Finding{fine("DNS", p.Host+" is "+strings.Join(p.Addresses, ", "))}

	if p.TCP != "" {
		f := wrong("TCP", p.TCP, "ping -c 3 "+p.Host, "let the firewall pass TCP from this board to "+p.address())
		found = append(found, f.coded(scan.ServicePlatformUnreachable))
		return append(found, eachSkipped(networkChecks[2:], "after TCP")...)
	}
	found = append(found, fine("TCP", p.address()+" answers"))

	switch {
	case p.TLS != "":
		return append(found, e.tlsFailed(), skipped("platform", "after TLS"))
	case p.Plain:
		found = append(found, skipped("TLS", "plain http, on this machine only"))
	default:
		found = append(found, fine("TLS", "the certificate is good until "+p.Expires.UTC().Format(time.DateOnly)))
	}
	return append(found, e.platformAnswer())
}

func (p PlatformReach) address() string { return net.JoinHostPort(p.Host, p.Port) }

// tlsFailed tells apart why a TLS handshake failed: the clock, the network, or the certificate itself.
func (e *examination) tlsFailed() Finding {
	p := e.platform
	switch {
	case p.TLSClock:
		// The station takes the later of the board's clock and the time that it has kept: one that was ahead stays.
		forget := fmt.Sprintf("if the clock is right and was ahead once: sudo rm %s/clock && %s",
			e.Config.StateDir, restart)
		return wrong("TLS", p.TLS, "date -u", "sudo timedatectl set-ntp true", forget).
			coded(scan.ServiceClockOrCertificate)

	case p.TLSLost:
		// Some firewalls cut a connection as soon as they see a TLS that they cannot read.
		pass := fmt.Sprintf("let the firewall pass TLS from this board to %s without inspecting it", p.address())
		return wrong("TLS", p.TLS, "ping -c 3 "+p.Host, pass).coded(scan.ServicePlatformUnreachable)

	default:
		// The certificate came and is not trusted: the command shows who signed it.
		look := fmt.Sprintf("openssl s_client -connect %s -servername %s </dev/null | "+
			"openssl x509 -noout -subject -issuer -dates", p.address(), p.Host)
		ownCA := e.inConfig("platform", `: ca_file = "/etc/tagbase-edge/ca.pem"`)
		return wrong("TLS", p.TLS, look, "sudo apt install --reinstall ca-certificates",
			"or, for a platform of your own, "+ownCA).coded(scan.ServiceClockOrCertificate)
	}
}

// platformAnswer judges the answer to a GET of a session that cannot exist: 404 with a good key. What the platform says
// of the key is checkKey's.
func (e *examination) platformAnswer() Finding {
	const check = "platform"
	p := e.platform
	base := e.inConfig("platform", " the address as the platform gave it: base_url")
	unreachable := func(found string, mend ...string) Finding {
		return wrong(check, found, mend...).coded(scan.ServicePlatformUnreachable)
	}

	if p.HTTP != "" {
		return unreachable(p.HTTP, "tagbase-edge doctor, again in a minute", base)
	}
	answers := fmt.Sprintf("it answers %d %s", p.Status, http.StatusText(p.Status))
	switch {
	case p.Status >= 500 || p.Status == http.StatusTooManyRequests:
		return unreachable(answers, "wait: the station tries again by itself",
			"if it lasts, tell the people who run the platform")
	case p.Status >= 300 && p.Status < 400:
		// Networks of hotels and trains send the first request to their login page.
		const elsewhere = "it answers %d and points elsewhere: a login page of this network, or another address"
		return unreachable(fmt.Sprintf(elsewhere, p.Status),
			"let this board onto the network without a login page", base)
	case p.Status/100 == 2, p.Status == http.StatusNotFound,
		p.Status == http.StatusUnauthorized, p.Status == http.StatusForbidden:
		return fine(check, "it answers")
	default:
		return unreachable(answers, base)
	}
}
