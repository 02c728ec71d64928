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
	"regexp"
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
	for _, name := range []string{"go.mod", "go.sum", "cmd", "cli", "internal", "proto", "controlplane", "dataplane", "deployments", "docs", "examples", "testdata",
		"LICENSE", "README.md", "README.zh.md", "README.ja.md", "README.ko.md", "CONTRIBUTING.md", "THREAT_MODEL.md", ".env.example"} {
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
	for _, name := range []string{"trunklinectl", "LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "THIRD_PARTY_NOTICES.txt",
		"deployments/systemd/trunkline.service", "deployments/nginx/trunkline.conf", "deployments/grafana/rules/alerts.yaml", "docs/cli/man/trunklinectl.1",
		"docs/cli/completion/trunklinectl", "docs/cli/completion/_trunklinectl", "docs/cli/completion/trunklinectl.fish"} {
		if len(packed[folder+"/"+name]) == 0 {
			t.Errorf("the archive lacks %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(packed[folder+"/README.md"]), -1) {
		if !holds(packed, folder+"/"+link[1]) {
			t.Errorf("README.md links to %s, which the archive lacks", link[1])
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

// holds reports whether an archive has a file, or a folder with files in it.
func holds(packed map[string][]byte, name string) bool {
	for at := range packed {
		if at == name || strings.HasPrefix(at, name+"/") {
			return true
		}
	}
	return false
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
		if c.Ref != c.PURL || c.Version == "" || c.Type != "library" || len(c.Licenses) != 1 || c.Licenses[0].Expression == "" {
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

// Texts as they are found, with other line breaks, quotes and names than the samples of SPDX.
func TestLicencesAreRecognised(t *testing.T) {
	t.Parallel()
	const (
		mit  = "Copyright (c) 2020 Somebody\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of this software ...\nThe above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software."
		bsd  = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided that the following conditions are met:"
		bsd3 = bsd + "\n * Neither the name of X nor the names of its\n   contributors may be used to endorse or promote products derived from this software"
	)
	for name, tt := range map[string]struct {
		files    map[string]string
		declared string
		want     string // of the error where it begins with !
	}{
		"MIT":                     {files: map[string]string{"LICENSE": mit}, want: "MIT"},
		"Apache":                  {files: map[string]string{"LICENSE.txt": "   Apache License\n  Version 2.0, January 2004\n http://www.apache.org/licenses/", "NOTICE": "Somebody's work"}, want: "Apache-2.0"},
		"two clauses":             {files: map[string]string{"COPYING": bsd}, want: "BSD-2-Clause"},
		"three clauses":           {files: map[string]string{"LICENCE": bsd3}, want: "BSD-3-Clause"},
		"ISC":                     {files: map[string]string{"LICENSE": "Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted, provided that the above copyright notice"}, want: "ISC"},
		"MPL":                     {files: map[string]string{"LICENSE": "Mozilla Public License Version 2.0\n 1.1. “Contributor”\n means"}, want: "MPL-2.0"},
		"Apache by name":          {files: map[string]string{"LICENSE": mit + "\nLicensed under the Apache License, Version 2.0 (the \"License\");\nyou may not use this file except in compliance with the License."}, want: "Apache-2.0 AND MIT"},
		"two in one file":         {files: map[string]string{"LICENSE": mit + "\n\nApache License\nVersion 2.0, January 2004"}, want: "Apache-2.0 AND MIT"},
		"two files":               {files: map[string]string{"LICENSE": bsd3, "LICENSE-3RD-PARTY.md": mit}, want: "BSD-3-Clause AND MIT"},
		"declared":                {files: map[string]string{"LICENSE": bsd3}, declared: "MIT OR Apache-2.0", want: "MIT OR Apache-2.0"},
		"an MPL that is named":    {files: map[string]string{"LICENSE": mit + "\nParts are under the Mozilla Public License Version 2.0."}, want: "MIT"},
		"somebody's own":          {files: map[string]string{"LICENSE": "All rights reserved."}, want: "!no licence that is known here"},
		"one of two is not known": {files: map[string]string{"LICENSE": mit, "LICENSE.other": "All rights reserved."}, want: "!LICENSE.other of example.com/x v1.0.0"},
		"a notice alone":          {files: map[string]string{"NOTICE": mit}, want: "!has no licence"},
		"code":                    {files: map[string]string{"license.go": mit}, want: "!has no licence"},
	} {
		dir := t.TempDir()
		for file, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		parts := []part{{kind: "golang", name: "example.com/x", version: "v1.0.0", dir: dir, licence: tt.declared}}
		err := findLicences(parts)
		if wrong, isError := strings.CutPrefix(tt.want, "!"); isError {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: %v, want an error about %q", name, err, wrong)
			}
		} else if err != nil || parts[0].licence != tt.want {
			t.Errorf("%s: %q, %v, want %q", name, parts[0].licence, err, tt.want)
		}
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
