// SPDX-License-Identifier: Apache-2.0

package chip

import "testing"

func TestOtherTagsAnswer(t *testing.T) {
	plain := NewClone("https://a.io/", target424(test424[:]))
	tests := []struct {
		name    string
		chip    Chip
		command string
		want    string
	}{
		{"bank card, NDEF application", NewPaymentCard(), selectApp, "6A82"},
		{
			"bank card, PPSE", NewPaymentCard(), "00A404000E325041592E5359532E444446303100",
			"6F12840E325041592E5359532E4444463031A5009000",
		},
		{"bank card, part of PPSE", NewPaymentCard(), "00A4040003325041", "6A82"},
		{"bank card, READ BINARY", NewPaymentCard(), readAll, "6D00"},
		{"bank card, GetVersion", NewPaymentCard(), "9060000000", "6E00"},
		{"bank card, nothing", NewPaymentCard(), "", "6700"},
		{"MIFARE Classic", NewClassic(), "3000", ErrMute.Error()},
		{"Type 4 clone has the application", plain, selectApp, "9000"},
		{"Type 4 clone is no NTAG 424", plain, "9060000000", "6E00"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := send(tt.chip, tt.command); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.command, got, tt.want)
			}
		})
	}
}

func TestCloneRepeatsItsURL(t *testing.T) {
	const url = "https://tap.example.com/tag_x?e=00&c=11"
	clone := NewClone(url, target424(test424[:]))

	for range 2 {
		if got := urlOf(t, clone, 256); got != url {
			t.Errorf("got %s, want %s", got, url)
		}
		clone.Power(false)
	}
}
