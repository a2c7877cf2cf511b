// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// network goes to the platform step by step: DNS, TCP, TLS, an answer.
func network(e *exam) []Finding {
	all := []string{"DNS", "TCP", "TLS", "platform"}
	p := e.platform
	if e.Probes.Platform == nil || p.Host == "" {
		return eachSkipped(all, "not tried")
	}
	if p.DNS != "" {
		f := wrong("DNS", p.DNS, "getent hosts "+p.Host, "ip address; ip route; cat /etc/resolv.conf",
			"sudo nmtui").coded(codePlatform)
		return append([]Finding{f}, eachSkipped(all[1:], "after DNS")...)
	}
	found := []Finding{fine("DNS", p.Host+" is "+strings.Join(p.Addresses, ", "))}
	at := net.JoinHostPort(p.Host, p.Port)
	if p.TCP != "" {
		f := wrong("TCP", p.TCP, "ping -c 3 "+p.Host, fmt.Sprintf("let the firewall pass TCP from this board to %s", at)).coded(codePlatform)
		return append(append(found, f), eachSkipped(all[2:], "after TCP")...)
	}
	found = append(found, fine("TCP", at+" answers"))
	if p.TLS != "" {
		return append(append(found, e.tlsFailed()), skipped("platform", "after TLS"))
	}
	if p.Plain {
		found = append(found, skipped("TLS", "plain http, on this machine only"))
	} else {
		found = append(found, fine("TLS", "the certificate is good until "+p.Expires.UTC().Format(time.DateOnly)))
	}
	return append(found, e.answer())
}

func (e *exam) tlsFailed() Finding {
	p := e.platform
	if p.TLSClock {
		return wrong("TLS", p.TLS, "date -u", "sudo timedatectl set-ntp true",
			fmt.Sprintf("if the clock is right and was ahead once: sudo rm %s/clock && %s", e.Config.StateDir, restart)).coded(codeClock)
	}
	if p.TLSLost {
		return wrong("TLS", p.TLS, "ping -c 3 "+p.Host,
			fmt.Sprintf("let the firewall pass TLS from this board to %s, and look at nothing in it", net.JoinHostPort(p.Host, p.Port))).coded(codePlatform)
	}
	return wrong("TLS", p.TLS,
		fmt.Sprintf("openssl s_client -connect %s -servername %s </dev/null | openssl x509 -noout -subject -issuer -dates", net.JoinHostPort(p.Host, p.Port), p.Host),
		"sudo apt install --reinstall ca-certificates",
		fmt.Sprintf(`or, for a platform of your own, write in %s under [platform]: ca_file = "/etc/tagbase-edge/ca.pem"`, e.Config.File)).coded(codeClock)
}

// answer is what the platform said to a GET of a session that cannot be: 404 with a good key.
func (e *exam) answer() Finding {
	p := e.platform
	base := fmt.Sprintf("write in %s under [platform] the address as the platform gave it: base_url", e.Config.File)
	switch {
	case p.HTTP != "":
		return wrong("platform", p.HTTP, "tagbase-edge doctor, again in a minute", base).coded(codePlatform)
	case p.Status >= 500 || p.Status == http.StatusTooManyRequests:
		return wrong("platform", fmt.Sprintf("it answers %d %s", p.Status, http.StatusText(p.Status)), "wait: the station tries again by itself",
			"tell the platform's people, if it lasts").coded(codePlatform)
	case p.Status >= 300 && p.Status < 400:
		return wrong("platform", fmt.Sprintf("it answers %d and points elsewhere: a login page of this network, or another address", p.Status),
			"let this board onto the network without a login page", base).coded(codePlatform)
	case p.Status == http.StatusNotFound, p.Status == http.StatusUnauthorized, p.Status == http.StatusForbidden, p.Status/100 == 2:
		return fine("platform", "it answers")
	default:
		return wrong("platform", fmt.Sprintf("it answers %d %s", p.Status, http.StatusText(p.Status)), base).coded(codePlatform)
	}
}
