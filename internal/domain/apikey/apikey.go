// Package apikey is the form of the keys that clients send: how one is made, recognised,
// hashed and shown. The control plane makes and hashes keys, nodes hash what they receive,
// and both must agree.
//
// A generated key is 55 characters:
//
//	sk-tl-  43 characters of base62: 256 random bits, big-endian
//	        6 characters of base62: CRC-32 (IEEE) of everything before them, big-endian
//
// The alphabet of base62 is 0-9, A-Z, a-z in that order. The checksum lets a scanner tell
// a leaked key from look-alikes offline, and lets a node refuse a mistyped key without a
// look-up. Scanners find candidates with Pattern.
package apikey

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"math/big"
	"strings"
)

// Pattern is a regular expression (RE2) that finds generated keys in text. What it
// finds is a key when Valid says so too.
const Pattern = `\bsk-tl-[0-9A-Za-z]{49}\b`

// The lengths of keys that people choose themselves, in characters.
const (
	MinLength = 16
	MaxLength = 256
)

const (
	scheme         = "sk-tl-"
	randomBytes    = 32
	bodyLength     = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32
	alphabet       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Generate makes a new key from 256 random bits.
func Generate() string {
	var b [randomBytes]byte
	rand.Read(b[:]) // never fails: the runtime ends the process instead
	return format(b)
}

func format(random [randomBytes]byte) string {
	body := scheme + base62(new(big.Int).SetBytes(random[:]), bodyLength)
	return body + checksum(body)
}

// Valid reports whether secret can be a key: a generated one with the right checksum, or,
// without our prefix, any 16 to 256 visible ASCII characters.
func Valid(secret string) bool {
	if len(secret) < MinLength || len(secret) > MaxLength || !visible(secret) {
		return false
	}
	return !Ours(secret) || intact(secret)
}

// Ours reports whether secret carries the prefix of generated keys. Such a secret is
// valid only with the right length and checksum.
func Ours(secret string) bool { return strings.HasPrefix(secret, scheme) }

func intact(secret string) bool {
	if len(secret) != len(scheme)+bodyLength+checksumLength {
		return false
	}
	cut := len(secret) - checksumLength
	return secret[cut:] == checksum(secret[:cut])
}

// Hash is what is stored and looked up instead of the key: HMAC-SHA256 under the pepper.
// A key has too much entropy to be guessed, so a fast hash does.
func Hash(pepper []byte, secret string) [sha256.Size]byte {
	if len(pepper) > sha256.BlockSize || len(secret) > MaxLength {
		mac := hmac.New(sha256.New, pepper)
		mac.Write([]byte(secret))
		var sum [sha256.Size]byte
		mac.Sum(sum[:0])
		return sum
	}
	// The same on the stack: every request passes here.
	var inner [sha256.BlockSize + MaxLength]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(inner[:], pepper)
	copy(outer[:], pepper)
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	n := copy(inner[sha256.BlockSize:], secret)
	sum := sha256.Sum256(inner[:sha256.BlockSize+n])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// Prefix is the beginning of a key that may be shown: 8 characters of a generated one;
// of another, an eighth of its length, at most 8.
func Prefix(secret string) string {
	if Ours(secret) && intact(secret) {
		return secret[:8]
	}
	return secret[:min(len(secret)/8, 8)]
}

// LastFour is the end of a key that may be shown: the last 4 characters, fewer of a key
// shorter than 32. Prefix and LastFour together show at most a quarter of a chosen key.
func LastFour(secret string) string {
	return secret[len(secret)-min(len(secret)/8, 4):]
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func checksum(body string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), checksumLength)
}

// base62 writes n with leading zeros to the given length, which must hold it.
func base62(n *big.Int, length int) string {
	out := make([]byte, length)
	radix, digit := big.NewInt(int64(len(alphabet))), new(big.Int)
	for i := length - 1; i >= 0; i-- {
		n.DivMod(n, radix, digit)
		out[i] = alphabet[digit.Int64()]
	}
	return string(out)
}
