// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"

	"github.com/tagbase/tagbase-edge/internal/ndef"
)

// secondProof reads a second proof of the tag in the same tap, or returns "" if the tag
// did not stay for it. The only error is errAnother.
func (d *dialogue) secondProof() (string, error) {
	if d.target.ISODEP() {
		uri, err := d.rereadType4()
		if uri != "" && uri != d.tap.URL {
			return uri, nil
		}
		// Whatever shows a random UID after this may be another tag.
		if errors.Is(err, ErrTagLost) && randomUID(d.target.UID) {
			return "", nil
		}
	}

	// A chip that has given no new one counts its activations (NTAG 22x DNA: power-ups) and not
	// its reads, and is activated again. What it gives then is its second proof, even if
	// it is the first again: a tag that copies one has no other.
	if err := d.renew(); errors.Is(err, errAnother) {
		return "", err
	} else if err != nil {
		return "", nil
	}

	chip := d.tap.Chip                        // known from the first read: what a second one says of it changes nothing
	uri, err := d.readURI(&chip, d.tries > 1) // a reader may refuse the faster commands each time
	if err != nil {
		return "", nil
	}
	return string(uri), nil
}

// rereadType4 reads the file again in the activation that there is. The SELECT
// between the two reads lets an NTAG 424 DNA count again (NT4H2421Gx, 9.3.1).
func (d *dialogue) rereadType4() (string, error) {
	message, err := d.readNTAG424File()
	if err != nil {
		return "", err
	}
	uri, err := ndef.FirstURI(message)
	return string(uri), err
}
