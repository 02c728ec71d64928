package access

import (
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	key := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := totpCode(key, at/totpPeriod, 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestTOTPStep(t *testing.T) {
	t.Parallel()
	key := NewTOTPKey()
	now := time.Unix(1_000_000_000, 0)
	present := now.Unix() / totpPeriod
	for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := TOTPStep(key, totpCode(key, present+off, totpDigits), now)
		if ok != want || ok && step != present+off {
			t.Errorf("a code of step %+d: %t, step %d of %d", off, ok, step, present)
		}
	}
	for _, bad := range []string{"", "12345", "1234567", "abcdef", totpCode(NewTOTPKey(), present, totpDigits)} {
		if _, ok := TOTPStep(key, bad, now); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestTOTPURI(t *testing.T) {
	t.Parallel()
	got := TOTPURI([]byte("12345678901234567890"), "a b@example.org")
	if want := "otpauth://totp/Trunkline:a%20b@example.org?issuer=Trunkline&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes, hashes := NewRecoveryCodes()
	seen := map[string]bool{}
	for i, code := range codes {
		if seen[code] || len(code) != 19 || RecoveryHash(" "+strings.ToUpper(code)) != hashes[i] || IsTOTPCode(NormalCode(code)) {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	if len(codes) != 10 || !IsTOTPCode(NormalCode("123 456")) {
		t.Errorf("%d codes", len(codes))
	}
}
