package version

import (
	"runtime"
	"testing"
)

// The variables are the linker's, so the cases are told apart by values and not by builds.
func TestFull(t *testing.T) {
	defer func() { number, commit, date = "", "", "" }()
	number, commit, date = "v1.2.3", "0123456789abcdef0123456789abcdef01234567", "2026-11-29T10:00:00Z"
	if got, want := Full(), "v1.2.3 (commit 0123456789ab, 2026-11-29T10:00:00Z, "+runtime.Version()+")"; got != want {
		t.Errorf("Full() = %q, want %q", got, want)
	}
	if got := String(); got != "v1.2.3" {
		t.Errorf("String() = %q", got)
	}
	// A test is built without a note of its checkout.
	number, commit, date = "", "abc", ""
	if got, want := Full(), "dev-abc (commit abc, "+runtime.Version()+")"; got != want {
		t.Errorf("of a short commit: %q, want %q", got, want)
	}
}
