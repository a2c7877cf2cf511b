// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"fmt"
	"testing/fstest"

	"github.com/tagbase/tagbase-edge/doctor"
)

// A board that is not here is examined through its files. SPI was never switched on.
func ExampleExamine() {
	card := fstest.MapFS{
		"proc/device-tree/model":   {Data: []byte("Raspberry Pi 4 Model B Rev 1.4\x00")},
		"boot/firmware/config.txt": {Data: []byte("dtparam=audio=on\n")},
	}

	findings := doctor.Examine(doctor.Subject{
		Root:   card,
		Config: doctor.Config{Device: "pn532_spi:/dev/spidev0.0"},
	})

	for _, f := range findings {
		if f.Check != "config.txt" {
			continue
		}

		fmt.Println(f.Result.Mark(), f.Found)
		for _, line := range f.Mend {
			fmt.Println("mend:", line)
		}
	}
	// Output:
	// ✗ /boot/firmware/config.txt does not have dtparam=spi=on, so that there is no /dev/spidev0.0
	// mend: printf '\n[all]\ndtparam=spi=on\n' | sudo tee -a /boot/firmware/config.txt
	// mend: sudo reboot
}
