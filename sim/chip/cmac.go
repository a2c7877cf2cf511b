// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// cmac returns the AES-CMAC of a message under a 128-bit key (RFC 4493 section 2.4).
func cmac(key [16]byte, message []byte) [16]byte {
	block := newAES(key)

	// L, then K1, and K2 for a message whose last block is incomplete (section 2.3).
	var subkey [16]byte
	block.Encrypt(subkey[:], subkey[:])
	double(&subkey)

	// All blocks but the last go through plain CBC; a complete last block is kept back, too.
	var x [16]byte
	for len(message) > len(x) {
		subtle.XORBytes(x[:], x[:], message)
		block.Encrypt(x[:], x[:])
		message = message[len(x):]
	}

	if len(message) < len(x) {
		double(&subkey)
		x[len(message)] ^= 0x80 // padding of an incomplete block: one bit, then zeros
	}

	subtle.XORBytes(x[:], x[:], message)
	subtle.XORBytes(x[:], x[:], subkey[:])
	block.Encrypt(x[:], x[:])
	return x
}

// truncated shortens a CMAC as NXP's chips do: to its bytes 1, 3, … 15, where byte 0 is the first one (NXP AN12196,
// AN12998).
func truncated(full [16]byte) (mac [8]byte) {
	for i := range mac {
		mac[i] = full[2*i+1]
	}
	return mac
}

// double multiplies by x in GF(2^128), modulo x^128 + x^7 + x^2 + x + 1.
func double(b *[16]byte) {
	carry := b[0] >> 7
	for i := range 15 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}

	// 87 is the polynomial's low part: x^7 + x^2 + x + 1.
	b[15] = b[15]<<1 ^ carry*0x87
}

func newAES(key [16]byte) cipher.Block {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // cannot happen: the key has 16 bytes
	}
	return block
}
