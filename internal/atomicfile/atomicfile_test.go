package atomicfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func want(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, content)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestWriteReplacesTheWholeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "budgets.json")
	for _, content := range []string{"first", "a much longer second one", "3", ""} {
		if err := atomicfile.Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		want(t, path, content)
		if got := names(t, dir); !slices.Equal(got, []string{"budgets.json"}) {
			t.Errorf("the folder holds %v", got)
		}
	}
}

// A process that ended between the first byte and the rename leaves the old content, and
// what it left behind does not disturb the next one, whatever it is.
func TestResidueOfACrash(t *testing.T) {
	t.Parallel()
	residues := map[string]func(temp string) error{
		"half a file":          func(temp string) error { return os.WriteFile(temp, []byte("new cont"), 0o600) },
		"an empty file":        func(temp string) error { return os.WriteFile(temp, nil, 0o600) },
		"more than the next":   func(temp string) error { return os.WriteFile(temp, []byte(strings.Repeat("x", 1<<16)), 0o600) },
		"readable by everyone": func(temp string) error { return os.WriteFile(temp, []byte("new"), 0o644) },
		"not writable":         func(temp string) error { return os.WriteFile(temp, []byte("new"), 0o400) },
		"a link to elsewhere":  func(temp string) error { return os.Symlink(filepath.Join(filepath.Dir(temp), "elsewhere"), temp) },
	}
	for name, leave := range residues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := atomicfile.Write(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			if err := leave(path + atomicfile.Suffix); err != nil {
				t.Fatal(err)
			}
			want(t, path, "old")
			if err := atomicfile.Write(path, []byte("new content")); err != nil {
				t.Fatal(err)
			}
			want(t, path, "new content")
			if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
				t.Errorf("the folder holds %v", got)
			}
		})
	}
}

// What cannot be written leaves everything as it was.
func TestErrorsChangeNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := atomicfile.Write(filepath.Join(dir, "gone", "file"), []byte("x")); err == nil {
		t.Error("a file was written into a folder that is not there")
	}
	occupied := filepath.Join(dir, "occupied") // a folder with something in it cannot be replaced
	if err := os.MkdirAll(filepath.Join(occupied, "child"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(occupied, []byte("x")); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if got := names(t, dir); !slices.Equal(got, []string{"occupied"}) {
		t.Errorf("the folder holds %v", got)
	}
	path := filepath.Join(dir, "file")
	if err := atomicfile.Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+atomicfile.Suffix, "child"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("new")); err == nil {
		t.Error("no error although the file beside it cannot be made")
	}
	want(t, path, "old")
}

func TestRemove(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := atomicfile.Remove(path); err != nil {
			t.Error(err)
		}
	}
}
