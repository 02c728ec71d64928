package plaintext

import "testing"

func TestIsPlain(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"": true, "a b": true, "日本語 モデル": true, "é": true, "e\u0301": true, "openai/gpt-5": true, "⚙️": true,
		" a": false, "a ": false, "a\nb": false, "a\x00": false, "a\u0085b": false, "a\x7f": false,
		"a\u200bb": false, "a\u200db": false, "a\u2060b": false, "\ufeffa": false, "a\u00adb": false, // invisible
		"a\u202eb": false, "a\u2066b": false, "a\u200fb": false, "a\u061cb": false, // turn the direction
		"a\u2028b": false, "a\u2029b": false, "a\u00a0": false,
	} {
		if got := IsPlain(s); got != want {
			t.Errorf("IsPlain(%q) = %t, want %t", s, got, want)
		}
	}
}
