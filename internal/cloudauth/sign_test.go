package cloudauth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// suiteToken is the session token of the suite.
const suiteToken = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

// The test suite that AWS publishes for Signature Version 4 (aws-sig-v4-test-suite, the same that
// smithy-typescript has in packages/signature-v4/src/suite.fixture.ts): what it signs, and the signature.
// Cases with a body are left out, for it does not sign content-length, which the SDK's signer does.
func TestSignaturesOfTheSuiteOfAWS(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, url, token string
		header             http.Header
		signed, signature  string
	}{
		"get-vanilla":                      {"GET", "/", "", nil, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		"get-vanilla-query-order-key-case": {"GET", "/?Param2=value2&Param1=value1", "", nil, "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		"get-vanilla-empty-query-key":      {"GET", "/?Param1=value1", "", nil, "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		"get-vanilla-utf8-query":           {"GET", "/?ሴ=bar", "", nil, "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		"get-unreserved":                   {"GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", nil, "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		"get-header-value-trim":            {"GET", "/", "", http.Header{"My-Header1": {"value1"}, "My-Header2": {`"a   b   c"`}}, "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		"post-vanilla":                     {"POST", "/", "", nil, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		"post-vanilla-query":               {"POST", "/?Param1=value1", "", nil, "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		"post-header-value-case":           {"POST", "/", "", http.Header{"My-Header1": {"VALUE1"}}, "host;my-header1;x-amz-date", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
		"post-sts-header-before":           {"POST", "/", suiteToken, nil, "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	} {
		r := httptest.NewRequest(tt.method, "https://example.amazonaws.com"+tt.url, nil)
		for k, v := range tt.header {
			r.Header[k] = v
		}
		at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
		spec := Spec{Region: "us-east-1", Service: "service"}
		g := signing(spec, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", tt.token, time.Time{})
		before := r.URL
		if err := g.Authorize(t.Context(), r, EmptyHash, at); err != nil {
			t.Fatal(err)
		}
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + tt.signed + ", Signature=" + tt.signature
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if got := r.Header.Get("X-Amz-Security-Token"); got != tt.token {
			t.Errorf("%s: the session token is %q", name, got)
		}
		if r.URL == before || before.String() != "https://example.amazonaws.com"+strings.ReplaceAll(tt.url, "ሴ", "ሴ") && !strings.Contains(tt.url, "ሴ") {
			t.Errorf("%s: the URL that others use was changed to %s", name, before)
		}
	}
}

// What AWS' documents calculate for a body, and what the SDK's own test has for a session token.
func TestSignaturesWithABody(t *testing.T) {
	t.Parallel()
	hash := sha256.Sum256([]byte(`{"model":"m"}`))
	sign := func(change func(*http.Request)) string {
		r := httptest.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions", strings.NewReader(`{"model":"m"}`))
		r.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"trunkline"}}
		change(r)
		g := signing(Spec{Region: "us-east-1", Service: "bedrock"}, "AKIDEXAMPLE", "secret", "", time.Time{})
		if err := g.Authorize(t.Context(), r, hex.EncodeToString(hash[:]), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		return r.Header.Get("Authorization")
	}
	plain := sign(func(*http.Request) {})
	if want := "Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date, Signature="; !strings.Contains(plain, want) {
		t.Errorf("signed as %s, want %s", plain, want)
	}
	if again := sign(func(r *http.Request) { r.Header.Set("User-Agent", "other") }); again != plain {
		t.Error("the user agent, which a proxy may change, is signed")
	}
	if other := sign(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }); other == plain {
		t.Error("the content type is not signed")
	}
}

func TestNothingOfAGrantIsPrinted(t *testing.T) {
	t.Parallel()
	for _, shown := range []any{Grant{bearer: "canary"}, signing(Spec{}, "id", "canary", "canary", time.Time{}), Spec{Kind: OAuth, Secret: "canary"}, Way{}} {
		if text := sprint(shown); strings.Contains(text, "canary") {
			t.Errorf("%T prints as %s", shown, text)
		}
	}
}

// BenchmarkSign is what signing costs a call with a body of 10 KB, its hash included.
func BenchmarkSign(b *testing.B) {
	body := make([]byte, 10<<10)
	g := signing(Spec{Region: "us-east-1", Service: "bedrock"}, "AKIDEXAMPLE", "secret", suiteToken, time.Time{})
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"trunkline"}, "Accept-Encoding": {"identity"}}
	r := httptest.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions", nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Header = header.Clone()
		hash := sha256.Sum256(body)
		if err := g.Authorize(b.Context(), r, hex.EncodeToString(hash[:]), time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
