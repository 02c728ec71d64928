package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"
)

func TestGenerateIsValidDistinctAndFoundByThePattern(t *testing.T) {
	t.Parallel()
	scanner := regexp.MustCompile(Pattern)
	seen := map[string]bool{}
	for range 1000 {
		key := Generate()
		if len(key) != 55 || !strings.HasPrefix(key, "sk-tl-") {
			t.Fatalf("Generate() = %q: want sk-tl- and 55 characters", key)
		}
		if !Valid(key) {
			t.Fatalf("Valid(%q) = false", key)
		}
		if seen[key] {
			t.Fatalf("%q came twice", key)
		}
		seen[key] = true
		if got := scanner.FindString(`{"api_key": "` + key + `"}`); got != key {
			t.Fatalf("the pattern found %q in a file with %q", got, key)
		}
	}
}

// The format is public: scanners and old keys depend on it, so it is pinned here.
func TestFormatIsPinned(t *testing.T) {
	t.Parallel()
	var counting, ones [32]byte
	for i := range counting {
		counting[i], ones[i] = byte(i), 0xff
	}
	// The wanted keys come from another implementation (Python's zlib.crc32 and integers).
	tests := []struct {
		name   string
		random [32]byte
		want   string
	}{
		{"zero", [32]byte{}, "sk-tl-00000000000000000000000000000000000000000003feNvV"},
		{"counting", counting, "sk-tl-003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf4Ccb0L"},
		{"ones", ones, "sk-tl-yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11oTNQ9"},
	}
	for _, tt := range tests {
		if got := format(tt.random); got != tt.want || !Valid(got) {
			t.Errorf("%s: format = %q (valid %v), want %q", tt.name, got, Valid(got), tt.want)
		}
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	good := Generate()
	tests := []struct {
		name, secret string
		want         bool
	}{
		{"generated", good, true},
		{"one character changed", swap(good, 20), false},
		{"checksum changed", swap(good, 54), false},
		{"too short for ours", good[:54], false},
		{"too long for ours", good + "0", false},
		{"only our prefix", "sk-tl-0123456789", false},
		{"empty", "", false},
		{"15 characters", strings.Repeat("a", 15), false},
		{"16 characters", strings.Repeat("a", 16), true},
		{"256 characters", strings.Repeat("~", 256), true},
		{"257 characters", strings.Repeat("a", 257), false},
		{"another vendor's", "sk-proj-abcdefghijklmnop", true},
		{"our prefix in capitals is not ours", "SK-TL-0123456789", true},
		{"space", "abcdefgh ijklmnop", false},
		{"newline at the end", strings.Repeat("a", 20) + "\n", false},
		{"not ASCII", strings.Repeat("é", 16), false},
		{"NUL", strings.Repeat("a", 20) + "\x00", false},
		{"DEL", strings.Repeat("a", 20) + "\x7f", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Valid(tt.secret); got != tt.want {
				t.Errorf("Valid(%q) = %v, want %v", tt.secret, got, tt.want)
			}
		})
	}
}

func TestEverySingleCharacterErrorIsFound(t *testing.T) {
	t.Parallel()
	key := Generate()
	for at := len("sk-tl-"); at < len(key); at++ {
		for _, c := range []byte(alphabet) {
			changed := key[:at] + string(c) + key[at+1:]
			if changed != key && Valid(changed) {
				t.Fatalf("Valid accepts %q, which differs from %q at %d", changed, key, at)
			}
		}
	}
}

func TestHashIsHMACSHA256UnderThePepper(t *testing.T) {
	t.Parallel()
	for _, pepper := range []int{0, 1, 16, 63, 64, 65, 200} {
		for _, secret := range []int{0, 1, 55, 255, 256, 257, 5000} {
			pepper, secret := strings.Repeat("p", pepper), strings.Repeat("s", secret)
			mac := hmac.New(sha256.New, []byte(pepper))
			mac.Write([]byte(secret))
			if got := Hash([]byte(pepper), secret); !hmac.Equal(got[:], mac.Sum(nil)) {
				t.Errorf("Hash of %d bytes under %d = %x, want %x", len(secret), len(pepper), got, mac.Sum(nil))
			}
		}
	}
	got := Hash([]byte("pepper"), "secret")
	if got == Hash([]byte("other"), "secret") || got == Hash([]byte("pepper"), "secreT") {
		t.Error("the hash ignores the pepper or the secret")
	}
}

func TestShownPartsGiveLittleAway(t *testing.T) {
	t.Parallel()
	ours := Generate()
	tests := []struct{ name, secret, prefix, last string }{
		{"generated", ours, ours[:8], ours[51:]},
		{"16 characters", "abcdefghijklmnop", "ab", "op"},
		{"24 characters", "abcdefghijklmnopqrstuvwx", "abc", "vwx"},
		{"32 characters", strings.Repeat("a", 16) + strings.Repeat("z", 16), "aaaa", "zzzz"},
		{"64 characters", strings.Repeat("a", 32) + strings.Repeat("z", 32), "aaaaaaaa", "zzzz"},
		{"256 characters", strings.Repeat("a", 128) + strings.Repeat("z", 128), "aaaaaaaa", "zzzz"},
		{"empty", "", "", ""},
		{"one", "x", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Prefix(tt.secret); got != tt.prefix {
				t.Errorf("Prefix = %q, want %q", got, tt.prefix)
			}
			if got := LastFour(tt.secret); got != tt.last {
				t.Errorf("LastFour = %q, want %q", got, tt.last)
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	pepper, key := make([]byte, 32), Generate()
	b.ReportAllocs()
	for b.Loop() {
		Hash(pepper, key)
	}
}

func BenchmarkValid(b *testing.B) {
	key := Generate()
	b.ReportAllocs()
	for b.Loop() {
		Valid(key)
	}
}

// swap replaces one character by another of the alphabet.
func swap(s string, at int) string {
	c := byte('a')
	if s[at] == c {
		c = 'b'
	}
	return s[:at] + string(c) + s[at+1:]
}
