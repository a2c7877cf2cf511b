// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"net/http"
)

// key checks the key's file, and what the platform says to it. The key itself is
// not here: Config has it without its secret.
func key(e *exam) []Finding {
	const check = "key"
	c := e.Config
	paste := []string{
		fmt.Sprintf("sudo install -m 0600 /dev/stdin %s   # paste the key, Enter, Ctrl-D", c.KeyFile),
		restart,
	}
	if c.Key == "" {
		if e.Probes.User != "root" && exists(e.Root, c.KeyFile) && text(e.Root, c.KeyFile) == "" {
			return []Finding{skipped(check, fmt.Sprintf("%s is for root alone: sudo tagbase-edge doctor", c.KeyFile))}
		}
		return []Finding{wrong(check, c.KeyFault, paste...).coded(codeKey)}
	}
	if info, err := fs.Stat(e.Root, rooted(c.KeyFile)); err == nil && info.Mode().Perm()&0o077 != 0 {
		return []Finding{wrong(check, fmt.Sprintf("%s can be read by others (%s)", c.KeyFile, info.Mode().Perm()),
			"sudo chmod 0600 "+c.KeyFile).coded(codeKey)}
	}
	switch status := e.platform.Status; status {
	case http.StatusUnauthorized:
		return []Finding{wrong(check, fmt.Sprintf("the platform refuses %s", c.Key), paste...).coded(codeKey)}
	case http.StatusForbidden:
		return []Finding{wrong(check, fmt.Sprintf("the platform knows %s, but not for stations", c.Key),
			"make a key for a station at the platform", paste[0], paste[1]).coded(codeKey)}
	case 0:
		return []Finding{skipped(check, fmt.Sprintf("%s holds %s; the platform was not asked", c.KeyFile, c.Key))}
	default:
		return []Finding{fine(check, fmt.Sprintf("the platform takes %s", c.Key))}
	}
}
