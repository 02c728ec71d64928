package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app speaks it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What authenticator apps expect: SHA-1, six digits, 30 seconds.
const (
	totpKeySize = 20
	totpDigits  = 6
	totpPeriod  = 30
	// totpSkew is how many periods a clock may be off, either way.
	totpSkew = 1
)

// recoveryCodes is how many a user gets, of recoveryLength letters and digits each: 80 random bits.
const (
	recoveryCodes  = 10
	recoveryLength = 16
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTPKey makes the key of a second factor.
func NewTOTPKey() []byte {
	key := make([]byte, totpKeySize)
	rand.Read(key)
	return key
}

// TOTPSecret is the key as people type it into an app.
func TOTPSecret(key []byte) string { return totpText.EncodeToString(key) }

// TOTPURI is the key as apps read it from a QR code.
func TOTPURI(key []byte, user string) string {
	const issuer = "Trunkline"
	query := url.Values{"secret": {TOTPSecret(key)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+user) + "?" + query.Encode()
}

// TOTPStep returns the step that a code is of, if it is one of the present time or next to it.
func TOTPStep(key []byte, code string, now time.Time) (step int64, ok bool) {
	present := now.Unix() / totpPeriod
	for _, s := range []int64{present, present - totpSkew, present + totpSkew} {
		if subtle.ConstantTimeCompare([]byte(totpCode(key, s, totpDigits)), []byte(code)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// totpCode is HOTP (RFC 4226) of a step.
func totpCode(key []byte, step int64, digits int) string {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	value := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, value%modulus)
}

// NewRecoveryCodes makes the codes that replace a second factor, and what is stored of them: they are random
// enough for a plain hash.
func NewRecoveryCodes() (codes []string, hashes [][32]byte) {
	for range recoveryCodes {
		code := rand.Text()[:recoveryLength]
		hashes = append(hashes, RecoveryHash(code))
		codes = append(codes, strings.ToLower(code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:]))
	}
	return codes, hashes
}

// RecoveryHash is what is stored of a recovery code.
func RecoveryHash(code string) [32]byte { return sha256.Sum256([]byte(NormalCode(code))) }

// NormalCode is a code as it was typed without what people put between its parts.
func NormalCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// IsTOTPCode tells the codes of apps from recovery codes.
func IsTOTPCode(code string) bool {
	return len(code) == totpDigits && strings.Trim(code, "0123456789") == ""
}
