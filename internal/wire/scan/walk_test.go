package scan

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhereTextsAndValuesEnd(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]struct {
		inner string
		end   int
		plain bool
	}{
		`"a"x`: {"a", 3, true}, `""`: {"", 2, true}, `"a\"b"c`: {`a\"b`, 6, false}, `"\\"d`: {`\\`, 4, false}, `"\\\""`: {`\\\"`, 6, false},
		`"open`: {"open", 5, true}, `"`: {"", 1, true}, `"a\"`: {`a\"`, 4, false},
	} {
		if inner, end, plain := Text(doc, 0); inner != want.inner || end != want.end || plain != want.plain {
			t.Errorf("%s: %q, %d, %v", doc, inner, end, plain)
		}
	}
	for doc, want := range map[string]int{
		`{"a":"}","b":[{}]},`: 18, `[1,2] `: 5, `12,`: 2, `true}`: 4, `"x"]`: 3, `null`: 4, `{`: 1, `{"a`: 3, `}`: 0, ``: 0, `"a`: 2,
	} {
		if got := ValueEnd(doc, 0); got != want {
			t.Errorf("%q ends at %d, want %d", doc, got, want)
		}
	}
	for doc, want := range map[string][2]int64{
		`{"a,{":[1,2,{"b":"\"{,"}]}`: {2, 2}, `{"open,{`: {1, 0}, ``: {0, 0}, `"\\",{`: {1, 1},
	} {
		if objects, commas := Count([]byte(doc)); objects != want[0] || commas != want[1] {
			t.Errorf("%s: %d objects, %d commas", doc, objects, commas)
		}
	}
}

// Every byte ends plain text where it should, at every place, and whichever stands before or behind it.
func TestPlainLength(t *testing.T) {
	t.Parallel()
	check := func(b []byte) {
		t.Helper()
		want := 0
		for want < len(b) && b[want] >= ' ' && b[want] != '"' && b[want] != '\\' {
			want++
		}
		if got := plainLength(b); got != want {
			t.Errorf("%q is plain up to %d, want %d", b, got, want)
		}
	}
	for c := range 256 {
		for length := range 36 {
			for at := range length {
				b := []byte(strings.Repeat("text é\x80!#[]", 4)[:length])
				b[at] = byte(c)
				check(b)
			}
		}
		for d := range 256 {
			b := []byte("some sixteen or more")
			b[3], b[4], b[11], b[12] = byte(c), byte(d), byte(c), byte(d)
			check(b)
			check(b[4:])
		}
	}
}

// A text says what encoding/json makes of it.
func FuzzUnquote(f *testing.F) {
	for _, s := range []string{`plain`, `a\n\t\r\b\f\/\\\"b`, `\u00e9\ud83d\ude42`, `\ud83d`, `\ud83dx`, `\ud83d\u0041`, `\udead`, `é世界\n`, `\`, `\u12`, `\uzzzz`, strings.Repeat("long ", 10) + `\n` + strings.Repeat("long ", 10)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, inner string) {
		got := Unquote(inner)
		var want string
		if json.Unmarshal([]byte(`"`+inner+`"`), &want) == nil && utf8.ValidString(inner) && got != want {
			t.Fatalf("%q says %q, want %q", inner, got, want)
		}
	})
}
