package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// testRelease is of one small program for this machine, with a console that has one package.
func testRelease(t *testing.T) *release {
	t.Helper()
	root := t.TempDir()
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "cmd", "cli", "internal", "proto", "controlplane", "dataplane", "LICENSE", "README.md"} {
		if err := os.Symlink(filepath.Join(repository, name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range map[string]string{
		"CHANGELOG.md": "# Changelog\n", "SECURITY.md": "# Security\n",
		"webui/package-lock.json": `{"packages": {
			"": {"version": "0.0.0"},
			"node_modules/@scope/kept": {"version": "1.2.3", "license": "MIT"},
			"node_modules/kept/node_modules/nested": {"version": "4.5.6", "license": "ISC"},
			"node_modules/builder": {"version": "7.8.9", "license": "MIT", "dev": true}}}`,
		"webui/node_modules/@scope/kept/LICENSE":                   "The terms of kept.\n",
		"webui/node_modules/kept/node_modules/nested/package.json": "{}",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &release{
		root: root, version: "v1.2.3", commit: strings.Repeat("ab", 20), date: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
		platforms: []string{runtime.GOOS + "/" + runtime.GOARCH}, programs: []string{"trunklinectl"},
	}
}

func TestReleaseIsWholeAndReproducible(t *testing.T) {
	t.Parallel()
	r := testRelease(t)
	var results []map[string][]byte
	for range 2 {
		r.out = filepath.Join(t.TempDir(), "dist")
		if err := r.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		entries, err := os.ReadDir(r.out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if files[e.Name()], err = os.ReadFile(filepath.Join(r.out, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		results = append(results, files)
	}
	folder := fmt.Sprintf("trunkline_v1.2.3_%s_%s", runtime.GOOS, runtime.GOARCH)
	bomName := "trunkline_v1.2.3.cdx.json"
	for _, name := range []string{folder + ".tar.gz", bomName, "SHA256SUMS"} {
		if len(results[0][name]) == 0 || !bytes.Equal(results[0][name], results[1][name]) {
			t.Errorf("%s is missing, or another one the second time", name)
		}
	}
	if len(results[0]) != 3 {
		t.Errorf("%d files were made, want 3", len(results[0]))
	}
	for _, name := range []string{folder + ".tar.gz", bomName} {
		if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(results[0][name]), name); !strings.Contains(string(results[0]["SHA256SUMS"]), want) {
			t.Errorf("SHA256SUMS lacks %s", want)
		}
	}

	packed := unpack(t, results[0][folder+".tar.gz"], r.date)
	for _, name := range []string{"trunklinectl", "LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "THIRD_PARTY_NOTICES.txt"} {
		if len(packed[folder+"/"+name]) == 0 {
			t.Errorf("the archive lacks %s", name)
		}
	}
	program := filepath.Join(t.TempDir(), "trunklinectl")
	if err := os.WriteFile(program, packed[folder+"/trunklinectl"], 0o700); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), program, "--version").Output(); err != nil || !strings.Contains(string(said), "v1.2.3 (commit abababababab, 2026-11-29T10:00:00Z, ") {
		t.Errorf("the program says %q, %v", said, err)
	}
	notices := string(packed[folder+"/THIRD_PARTY_NOTICES.txt"])
	for _, want := range []string{"github.com/spf13/cobra v", "Apache License", "@scope/kept 1.2.3\n", "The terms of kept.", "nested 4.5.6\n", "Licence: ISC"} {
		if !strings.Contains(notices, want) {
			t.Errorf("the notices lack %q", want)
		}
	}
	if strings.Contains(notices, "builder") {
		t.Error("the notices name what only builds the console")
	}
	checkSBOM(t, results[0][bomName])
}

func checkSBOM(t *testing.T, text []byte) {
	t.Helper()
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.SpecVersion != "1.6" || len(b.SerialNumber) != len("urn:uuid:")+36 || b.Metadata.Component.Version != "v1.2.3" {
		t.Errorf("the SBOM's head is %+v", b)
	}
	var purls []string
	for _, c := range b.Components {
		purls = append(purls, c.PURL)
		if c.Ref != c.PURL || c.Version == "" || c.Type != "library" {
			t.Errorf("a component is %+v", c)
		}
	}
	if !slices.Contains(purls, "pkg:npm/%40scope/kept@1.2.3") || !slices.ContainsFunc(purls, func(p string) bool { return strings.HasPrefix(p, "pkg:golang/github.com/spf13/cobra@v") }) {
		t.Errorf("the SBOM lists %q", purls)
	}
}

// unpack reads an archive, all of whose entries have the release's date and no owner.
func unpack(t *testing.T, archive []byte, date time.Time) map[string][]byte {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for from := tar.NewReader(packed); ; {
		head, err := from.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !head.ModTime.Equal(date) || head.Uid != 0 || head.Uname != "" {
			t.Errorf("%s has the date %s and the owner %d %q", head.Name, head.ModTime, head.Uid, head.Uname)
		}
		if files[head.Name], err = io.ReadAll(from); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPartWithoutALicenceIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := writeNotices([]part{{kind: "golang", name: "example.com/x", version: "v1.0.0", dir: t.TempDir()}}); err == nil || !strings.Contains(err.Error(), "example.com/x v1.0.0 has no licence") {
		t.Errorf("got %v", err)
	}
	if _, err := writeNotices([]part{{kind: "npm", name: "gone", version: "1.0.0", dir: filepath.Join(t.TempDir(), "gone")}}); err == nil {
		t.Error("a package that is not installed has notices")
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version, good := range map[string]bool{"v1.2.3": true, "v1.2.3-rc.1": true, "1.2.3": false, "v1.2": false, "v1.2.3;rm": false, "latest": false} {
		if versions.MatchString(version) != good {
			t.Errorf("%q is taken for a version: %t", version, !good)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
			"GIT_COMMITTER_DATE=2026-11-29T12:00:00+02:00", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	git("init", "--quiet")
	git("add", "file")
	git("commit", "--quiet", "--message", "one")
	r := release{root: dir}
	if err := r.describe(t.Context(), false); err == nil || !strings.Contains(err.Error(), "has no tag") {
		t.Errorf("without a tag: %v", err)
	}
	git("tag", "v0.1.0")
	r = release{root: dir}
	if err := r.describe(t.Context(), false); err != nil || r.version != "v0.1.0" || len(r.commit) != 40 || r.date.Format(time.RFC3339) != "2026-11-29T10:00:00Z" {
		t.Errorf("described as %+v, %v", r, err)
	}
	if err := os.WriteFile(file, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.describe(t.Context(), false); err == nil || !strings.Contains(err.Error(), "not committed") {
		t.Errorf("with changes: %v", err)
	}
	if err := r.describe(t.Context(), true); err != nil {
		t.Errorf("with changes, and --dirty: %v", err)
	}
}
