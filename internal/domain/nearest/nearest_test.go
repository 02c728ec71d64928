package nearest

import (
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	names := []string{"chat", "chat-default", "reasoning", "fast"}
	for name, want := range map[string][]string{
		"chta": {"chat", "fast"}, "default": {"chat-default", "chat"}, "resoning": {"reasoning", "chat"}, "chat": {"chat", "chat-default"},
	} {
		if got := Of(names, name, 2); got[0] != want[0] || len(got) != 2 {
			t.Errorf("nearest to %s: %v, want %s first", name, got, want[0])
		}
	}
	if got := Of(nil, "x", 3); len(got) != 0 {
		t.Errorf("nearest of nothing: %v", got)
	}
	if got := Of(names, "", 10); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(names))) {
		t.Errorf("more than there are: %v", got)
	}
}
