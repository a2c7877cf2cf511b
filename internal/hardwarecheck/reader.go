// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"errors"
	"strings"

	"github.com/tagbase/tagbase-edge/reader"
)

// What we assume of the reader itself.
const (
	isPN532  = "The chip is a PN532, version 1.6."
	lookTime = "A look at an empty field takes 10 to 30 ms: three requests, 6 ms apart, and the line."
)

// A request that nobody answers was recorded to take 6 ms, in a PN532 of an ACR122. libnfc's finite select sends three.
const (
	lookShortest = 10.0
	lookLongest  = 30.0
	emptyLooks   = 20
)

func findFirmware(x *examination) error {
	version := x.firmware()
	if version == "" {
		return errors.New("the simulated reader has no firmware")
	}
	x.judge(isPN532, strings.HasPrefix(version, "PN532 v1.6"), "%s", version)
	return nil
}

func findEmptyLook(x *examination) error {
	if err := x.cycle(); err != nil {
		return err
	}

	var took times
	for range emptyLooks {
		_, err := x.look()
		switch {
		case err == nil:
			return errSomethingThere
		case !errors.Is(err, reader.ErrNoTag):
			return err
		}
		took = append(took, x.last)
	}
	x.judge(lookTime, within(took.shortest(), lookShortest, lookLongest), "%v", took)
	return nil
}
