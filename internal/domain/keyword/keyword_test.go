package keyword

import (
	"strings"
	"testing"
	"time"
)

func TestCompile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keyword, pattern, text string
		want                   bool
	}{
		"plain":                  {"model is overloaded", "", "Sorry, the model is overloaded.", true},
		"other case":             {"Model Is Overloaded", "", "THE MODEL IS OVERLOADED", true},
		"absent":                 {"overloaded", "", "overload", false},
		"at the end":             {"end", "", "the end", true},
		"whole":                  {"all", "", "ALL", true},
		"empty text":             {"a", "", "", false},
		"no pattern in it":       {"a.c", "", "abc", false},
		"German":                 {"ÜBERLASTET", "", "der dienst ist überlastet", true},
		"Russian":                {"перегружен", "", "Сервер ПЕРЕГРУЖЕН", true},
		"Chinese":                {"服务繁忙", "", "当前服务繁忙，请稍后", true},
		"Greek sigma":            {"λόγος", "", "ΛΌΓΟΣ", true},
		"Kelvin sign":            {"kelvin", "", "\u212Aelvin", true},
		"overlapping start":      {"aab", "", "aaab", true},
		"repeats":                {"abcabd", "", "abcabcabd", true},
		"spaces around":          {"  busy ", "", "busy", true},
		"broken UTF-8 around":    {"busy", "", "\xff\xfebusy\xff", true},
		"broken UTF-8 inside":    {"busy", "", "bu\xffsy", false},
		"pattern":                {"", `over(load|limit)`, "overlimit", true},
		"pattern minds case":     {"", `overload`, "OVERLOAD", false},
		"pattern without regard": {"", `(?i)overload`, "OVERLOAD", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := Compile(tc.keyword, tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := k.Match(tc.text); got != tc.want {
				t.Errorf("Match(%q) = %v, want %v", tc.text, got, tc.want)
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ keyword, pattern, want string }{
		"nothing":     {"", "", "neither"},
		"only spaces": {" \t", "", "neither"},
		"both":        {"a", "b", "both"},
		"bad pattern": {"", "a(", "pattern"},
		"matches all": {"", "x*", "every response would fail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(tc.keyword, tc.pattern)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// The worst keyword for a naive search on the worst text: 2 MiB against 1 KiB that nearly
// matches everywhere. It takes some 20 ms; a naive search would take seconds.
func TestKeywordSearchIsLinear(t *testing.T) {
	t.Parallel()
	k, err := Compile(strings.Repeat("a", 1023)+"b", "")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("A", 2<<20)
	start := time.Now()
	if k.Match(text) {
		t.Error("matched")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
}

func FuzzKeyword(f *testing.F) {
	f.Add("overloaded", "The model is OVERLOADED")
	f.Add("aab", "aaab")
	f.Add("ſ", "S")
	f.Fuzz(func(t *testing.T, keyword, text string) {
		k, err := Compile(keyword, "")
		if err != nil {
			return
		}
		if !k.Match(text+strings.ToUpper(strings.TrimSpace(keyword))+text) && strings.EqualFold(strings.TrimSpace(keyword), strings.ToUpper(strings.TrimSpace(keyword))) {
			t.Errorf("%q is not found in its own upper case", keyword)
		}
		if strings.Contains(text, strings.TrimSpace(keyword)) && !k.Match(text) {
			t.Errorf("%q is not found in %q", keyword, text)
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"error":       {`{"error":{"message":"The model is \u006fverloaded\n now","type":"x","code":null}}`, "The model is overloaded\n now\nx"},
		"answer":      {`{"id":"chatcmpl-1","object":"chat.completion","choices":[{"message":{"role":"assistant","content":"Hi \"you\""},"finish_reason":"stop"}]}`, "Hi \"you\"\nstop"},
		"surrogates":  {`["\ud83d\ude00"]`, "😀"},
		"array":       {`[ "a" , {"b" : "c"} ]`, "a\nc"},
		"id of text":  {`{"id":["a"],"text":"b"}`, "a\nb"},
		"cut off":     {`{"error":{"message":"half a sent`, "half a sent"},
		"cut escape":  {`{"a":"x\`, `x\`},
		"bad escape":  {`{"a":"\q","b":"c"}`, "\\q\nc"},
		"plain text":  {"Service overloaded", "Service overloaded"},
		"HTML":        {"<h1>Busy</h1>", "<h1>Busy</h1>"},
		"JSON string": {`"busy"`, "busy"},
		"numbers":     {`{"a":1,"b":true}`, ""},
		"empty":       {" \n", ""},
		"space":       {"{\"a\" \n:\t\"b\"}", "b"},
		"empty text":  {`{"a":"","b":"x"}`, "\nx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.TrimPrefix(tc.want, "\n")
			if got := Text([]byte(tc.in)); got != want {
				t.Errorf("Text(%q) = %q, want %q", tc.in, got, want)
			}
		})
	}
}

func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 300_000) + `"in"`
	if got := Text([]byte(deep)); got != "in" {
		t.Errorf("a deep body gives %q", got)
	}
	long := `{"a":"` + strings.Repeat("x", 3<<20) + `"}`
	if got := len(Text([]byte(long))); got > maxDecoded || got < maxDecoded-16 {
		t.Errorf("%d bytes of 3 MiB looked at, want about 2 MiB", got)
	}
}

func BenchmarkKeyword(b *testing.B) {
	k, err := Compile("model is overloaded", "")
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("The quick brown fox jumps over the lazy model. ", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		k.Match(text)
	}
}
