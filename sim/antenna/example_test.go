// SPDX-License-Identifier: Apache-2.0

package antenna_test

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// A person lays a tag on the antenna; a reader switches the field on, selects the tag and reads its capability
// container.
func ExampleField() {
	field := antenna.NewField()
	field.Put(chip.NewBlank())

	field.RF(true)
	target, found := field.Select()
	fmt.Printf("UID %x, ISO-DEP %t, found %t\n", target.UID, target.ISODEP(), found)

	read := []byte{0x30, 0x03} // four pages from page 3 on
	answer, err := field.Transceive(read)
	fmt.Printf("%x, %v\n", answer[:4], err)

	field.Remove()
	_, err = field.Transceive(read)
	fmt.Println(err)

	// Output:
	// UID 04b1a94b000003, ISO-DEP false, found true
	// e1101200, <nil>
	// chip is mute
}
