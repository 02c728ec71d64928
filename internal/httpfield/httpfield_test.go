package httpfield

import (
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

// check holds the package to those that it stands for.
func check(t *testing.T, s string) {
	t.Helper()
	want := httpguts.ValidHeaderFieldName(s)
	if got := ValidName(s); got != want {
		t.Errorf("%q is a name: %v, want %v", s, got, want)
	}
	name, ok := Name(s)
	if ok != want || want && name != textproto.CanonicalMIMEHeaderKey(s) || !want && name != "" {
		t.Errorf("%q is spelled %q, %v; want %q, %v", s, name, ok, textproto.CanonicalMIMEHeaderKey(s), want)
	}
	if got, want := ValidValue(s), httpguts.ValidHeaderFieldValue(s); got != want {
		t.Errorf("%q is a value: %v, want %v", s, got, want)
	}
	if got, want := Trim(s), strings.Trim(s, " \t"); got != want {
		t.Errorf("%q is trimmed to %q, want %q", s, got, want)
	}
}

// Every byte, and every two of them, at every place of eight and behind it.
func TestLikeNetHTTP(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Content-Type", "content-type", "Host", "Date", "Accept", "Server", "Connection", "User-Agent", "Content-Length", "Authorization", "Accept-Encoding",
		"Accept-Language", "Cache-Control", "X-Request-Id", "Transfer-Encoding", "X-Forwarded-For", "Content-Encoding", "CONTENT-TYPE", "Content-type", "-", "--a-B", "X_y", "x-é", " Host", "Host ", "a:b",
		"text/event-stream; charset=utf-8", " \t both \t ", " ", "\t", "日本語", "\x80\xff\x80\xff\x80\xff\x80\xff\x80",
	} {
		check(t, s)
	}
	for c := range 256 {
		for length := range 18 {
			for at := range length {
				b := []byte(strings.Repeat("Aa-b", 5)[:length])
				b[at] = byte(c)
				check(t, string(b))
			}
		}
		for d := range 256 {
			check(t, string([]byte{byte(c), byte(d)}))
			check(t, string([]byte{'v', 'a', 'l', byte(c), byte(d), 'u', 'e', 's', '!'}))
		}
	}
}

func FuzzLikeNetHTTP(f *testing.F) {
	f.Add("Content-Type")
	f.Add("sk-\x7f\x00")
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestGet(t *testing.T) {
	t.Parallel()
	h := http.Header{"A": {"1", "2"}, "B": {}}
	if Get(h, "A") != "1" || Get(h, "B") != "" || Get(h, "C") != "" || Get(nil, "A") != "" {
		t.Error("the first value is another one")
	}
}

func TestAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		name, ok := Name("Content-Type")
		if !ok || name != "Content-Type" || !ValidValue("text/event-stream; charset=utf-8") {
			t.Fatal("it is no field")
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}
