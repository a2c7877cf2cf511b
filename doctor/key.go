// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"net/http"

	"github.com/tagbase/tagbase-edge/scan"
)

// checkKey checks the key's file, and what the platform says to the key. It never sees the secret: Config has the key
// without it.
func checkKey(e *examination) []Finding {
	const check = "key"
	c := e.Config
	if c.Key == "" {
		// Of a file that this user cannot read, text is empty.
		hidden := e.Probes.User != "root" && exists(e.Root, c.KeyFile) && text(e.Root, c.KeyFile) == ""
		if hidden {
			return []Finding{skipped(check, fmt.Sprintf("only root can read %s: sudo tagbase-edge doctor", c.KeyFile))}
		}
		return []Finding{wrong(check, c.KeyFault, e.pasteKey()...).coded(scan.ServiceKeyRefused)}
	}

	if f, isWrong := e.keyFileIsOpen(check); isWrong {
		return []Finding{f.coded(scan.ServiceKeyRefused)}
	}

	// The request was for a session that cannot exist: a key that gets a 404 for it is a good one.
	switch e.platform.Status {
	case http.StatusUnauthorized:
		f := wrong(check, fmt.Sprintf("the platform refuses %s", c.Key), e.pasteKey()...)
		return []Finding{f.coded(scan.ServiceKeyRefused)}
	case http.StatusForbidden:
		mend := append([]string{"make a key for a station at the platform"}, e.pasteKey()...)
		f := wrong(check, fmt.Sprintf("the platform knows %s, but it is not a key for stations", c.Key), mend...)
		return []Finding{f.coded(scan.ServiceKeyRefused)}
	case 0:
		return []Finding{skipped(check, fmt.Sprintf("%s holds %s; the platform was not asked", c.KeyFile, c.Key))}
	default:
		return []Finding{fine(check, fmt.Sprintf("the platform takes %s", c.Key))}
	}
}

// keyOwner is the user who has to own the key file, or "" if root does: systemd reads it and hands it over.
func (e *examination) keyOwner() string {
	if e.Config.KeyOwn && e.user.known && e.user.uid != 0 {
		return e.user.name
	}
	return ""
}

// pasteKey puts a key into its file. install(1) sets mode and owner before the key is in it.
func (e *examination) pasteKey() []string {
	mode := "-m 0600"
	if owner := e.keyOwner(); owner != "" {
		mode += " -o " + owner
	}
	paste := fmt.Sprintf("sudo install %s /dev/stdin %s   # paste the key, Enter, Ctrl-D", mode, e.Config.KeyFile)
	return []string{paste, restart}
}

// keyFileIsOpen finds that others can read the key's file, or that its reader cannot.
func (e *examination) keyFileIsOpen(check string) (Finding, bool) {
	c := e.Config
	info, err := fs.Stat(e.Root, rooted(c.KeyFile))
	if err != nil {
		return Finding{}, false // the key comes from elsewhere: it has been read
	}

	mend := []string{"sudo chmod 0600 " + c.KeyFile}
	if uid, _ := owner(info); e.keyOwner() != "" && uid != e.user.uid {
		mend = []string{fmt.Sprintf("sudo chown %s %s", e.user.name, c.KeyFile), mend[0]}
	}

	mode := info.Mode().Perm()
	switch {
	case mode&0o077 != 0:
		return wrong(check, fmt.Sprintf("%s can be read by others (%s)", c.KeyFile, mode), mend...), true
	case c.KeyOwn && e.user.known && !e.user.may(info, read):
		return wrong(check, fmt.Sprintf("%s may not read %s (%s)", e.user.name, c.KeyFile, mode), mend...), true
	}
	return Finding{}, false
}
