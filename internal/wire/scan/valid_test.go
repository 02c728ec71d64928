package scan

import (
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, want := range map[string]bool{
		`{}`: true, " [1, {\"a\":null}]\n": true, `"a"`: true, `-1.5e3`: true, `true`: true, nested(maxValidDepth): true,
		``: false, ` `: false, `{`: false, `{}{}`: false, `{} x`: false, `[1,]`: false, `nul`: false, nested(maxValidDepth + 1): false,
		strings.Repeat("[", 8<<20): false, strings.Repeat(`{"a":`, 2<<20): false,
	} {
		if Valid([]byte(text)) != want {
			t.Errorf("%.40q is valid: %v", text, !want)
		}
	}
	if !IsObject(" {\"a\":[]}") || IsObject("[]") || IsObject("{]") || IsObject("") || !IsArray("[{}]") || IsArray("{}") || IsArray("[") || IsArray(`[]}],"model":"m"`) {
		t.Error("the kind of a value is wrong")
	}
}
