package secrets_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
)

func TestParse(t *testing.T) {
	t.Parallel()
	one, two := bytes.Repeat([]byte{0xfb}, 32), bytes.Repeat([]byte{7}, 32) // the base64 of one holds + or -
	std, url, other := base64.StdEncoding.EncodeToString(one), base64.URLEncoding.EncodeToString(one), base64.StdEncoding.EncodeToString(two)
	ids := func(keys ...[]byte) []string {
		set, err := secrets.NewKeyset(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return set.KeyIDs()
	}
	for in, want := range map[string][]string{
		std: ids(one), url: ids(one), strings.TrimRight(std, "="): ids(one), strings.TrimRight(url, "="): ids(one), "  " + std + "\r\n": ids(one),
		std + "\n" + other + "\n": ids(one, two), other + "," + std: ids(two, one), "# new\n" + other + "\n\n# old\n" + std: ids(two, one),
	} {
		got, err := secrets.Parse(in)
		if err != nil || !slices.Equal(got.KeyIDs(), want) {
			t.Errorf("Parse(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "# nothing\n", "canary!!", std[:20], std + std, "canary canary canary canary canary canary canar", std + "\n" + url, std + " " + other} {
		_, err := secrets.Parse(in)
		if err == nil {
			t.Errorf("Parse(%q) gives no error", in)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestKeyFileIsMadeOnceAndReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	first, created, err := secrets.LoadOrCreateKeyFile(path)
	if err != nil || !created || len(first.KeyIDs()) != 1 {
		t.Fatalf("first start: %v, created %v, %v", first, created, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	second, created, err := secrets.LoadOrCreateKeyFile(path)
	if err != nil || created || !slices.Equal(first.KeyIDs(), second.KeyIDs()) {
		t.Fatalf("second start: created %v, keys %v, %v; want %v", created, second, err, first.KeyIDs())
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the directory holds %v, %v; want the key alone", left, err)
	}
}

func TestRacingStartsAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	const starts = 16
	var keys [starts]*secrets.Keyset
	var made [starts]bool
	var errs [starts]error
	var wg sync.WaitGroup
	for i := range starts {
		wg.Go(func() { keys[i], made[i], errs[i] = secrets.LoadOrCreateKeyFile(path) })
	}
	wg.Wait()
	count := 0
	for i := range starts {
		if errs[i] != nil || !slices.Equal(keys[i].KeyIDs(), keys[0].KeyIDs()) {
			t.Errorf("start %d: keys %v, %v; start 0 has %v", i, keys[i], errs[i], keys[0])
		}
		if made[i] {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d starts say they made the key, want 1", count)
	}
}

func TestKeyFileFaults(t *testing.T) {
	t.Parallel()
	want, err := secrets.NewKeyset(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) + "\n"
	tests := []struct {
		name, content string
		mode          os.FileMode
		want          string // part of the error; none when empty
	}{
		{"owner only", good, 0o600, ""},
		{"owner may only read", good, 0o400, ""},
		{"group may read", good, 0o640, "is accessible by other users (mode 0640)"},
		{"all may read", good, 0o644, "is accessible by other users (mode 0644)"},
		{"others may write", good, 0o602, "is accessible by other users (mode 0602)"},
		{"empty", "", 0o600, "is missing"},
		{"no base64", "canary!", 0o600, "is not base64"},
		{"a whole other file", strings.Repeat("canary", 1000), 0o600, "secret key has"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "secret.key")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			keys, created, err := secrets.LoadOrCreateKeyFile(path)
			if created {
				t.Error("the file was replaced")
			}
			if tt.want == "" {
				if err != nil || !slices.Equal(keys.KeyIDs(), want.KeyIDs()) {
					t.Errorf("keys %v, %v", keys, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("error %v, want one with %q and without the content", err, tt.want)
			}
			if after, _ := os.ReadFile(path); string(after) != tt.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestADirectoryIsNoKeyFile(t *testing.T) {
	t.Parallel()
	_, _, err := secrets.LoadOrCreateKeyFile(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("error %v, want: is not a regular file", err)
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
