// SPDX-License-Identifier: Apache-2.0

package reader

import "errors"

// second reads a second proof of the tag in the same tap, or gives "" if the tag
// did not stay for it. A chip that has made none, since it counts its activations
// (NTAG 22x DNA: power-ups) and not its reads, is activated anew; what it gives then is its
// second proof, even if it is the first again: a tag that copies one has no other.
// The only error is errAnother.
func (x *dialogue) second(tap *Tap) (string, error) {
	if x.target.ISODEP() {
		if uri := x.rereadType4(); uri != "" && uri != tap.URL {
			return uri, nil
		}
	}
	if err := x.renew(); errors.Is(err, errAnother) {
		return "", err
	} else if err != nil {
		return "", nil
	}
	chip := tap.Chip
	uri, err := x.readURI(&chip, false)
	if err != nil {
		return "", nil
	}
	return string(uri), nil
}

// rereadType4 reads the file anew in the activation that there is. The SELECT
// between the two reads lets an NTAG 424 DNA count again (NT4H2421Gx, 9.3.1).
func (x *dialogue) rereadType4() string {
	msg, err := x.shortWay()
	if err != nil {
		return ""
	}
	uri, err := firstURI(msg)
	if err != nil {
		return ""
	}
	return string(uri)
}
