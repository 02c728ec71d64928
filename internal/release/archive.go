package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// documents are what lies beside the programs: files and folders of the repository, under the same names.
// They are those that README.md links to and what a server is set up with.
var documents = []string{
	"LICENSE", "README.md", "README.zh.md", "README.ja.md", "README.ko.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "THREAT_MODEL.md",
	".env.example", "docs", "examples", "proto/trunkline/admin/v1", "testdata/outcomes.yaml",
	"deployments/systemd", "deployments/nginx", "deployments/haproxy", "deployments/envoy", "deployments/grafana",
}

// build builds the programs for a platform into a folder.
func (r *release) build(ctx context.Context, platform, dir string) error {
	system, arch, found := strings.Cut(platform, "/")
	if !found {
		return fmt.Errorf("%q is not os/arch", platform)
	}
	const stamp = "github.com/trunkline-ai/trunkline/internal/version."
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags",
		fmt.Sprintf("-s -w -X %[1]snumber=%[2]s -X %[1]scommit=%[3]s -X %[1]sdate=%[4]s", stamp, r.version, r.commit, r.date.Format(time.RFC3339)),
		"-o", dir+"/")
	for _, name := range r.programs {
		cmd.Args = append(cmd.Args, "./cmd/"+name)
	}
	cmd.Dir, cmd.Stderr = r.root, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOFLAGS=-mod=readonly")
	return cmd.Run()
}

// archive builds the programs for a platform, packs them and returns the archive's name. Entries are in
// a fixed order and have the commit's date and nobody's name, so that the bytes follow from the commit.
func (r *release) archive(ctx context.Context, platform, notices string) (name string, err error) {
	dir, err := os.MkdirTemp("", "trunkline-release-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if err := r.build(ctx, platform, dir); err != nil {
		return "", err
	}
	folder := fmt.Sprintf("trunkline_%s_%s", r.version, strings.ReplaceAll(platform, "/", "_"))
	name = folder + ".tar.gz"
	file, err := os.OpenFile(filepath.Join(r.out, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", err
	}
	defer file.Close()
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	to := tar.NewWriter(packed)
	for _, program := range r.programs {
		if err := r.add(to, path.Join(folder, program), filepath.Join(dir, program), 0o755); err != nil {
			return "", err
		}
	}
	for _, document := range documents {
		if err := r.addAll(to, folder, document); err != nil {
			return "", err
		}
	}
	if err := r.entry(to, path.Join(folder, "THIRD_PARTY_NOTICES.txt"), []byte(notices), 0o644); err != nil {
		return "", err
	}
	for _, end := range []io.Closer{to, packed, file} {
		if err := end.Close(); err != nil {
			return "", err
		}
	}
	return name, nil
}

// addAll packs a file, or each file of a folder in the order of their names.
func (r *release) addAll(to *tar.Writer, folder, document string) error {
	at := filepath.Join(r.root, filepath.FromSlash(document))
	info, err := os.Stat(at)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return r.add(to, path.Join(folder, document), at, 0o644)
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := r.addAll(to, folder, path.Join(document, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// add packs a file.
func (r *release) add(to *tar.Writer, name, from string, mode int64) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return r.entry(to, name, content, mode)
}

func (r *release) entry(to *tar.Writer, name string, content []byte, mode int64) error {
	head := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: r.date, Format: tar.FormatPAX}
	if err := to.WriteHeader(head); err != nil {
		return err
	}
	_, err := to.Write(content)
	return err
}

// writeChecksums writes SHA256SUMS, as sha256sum --check reads it.
func writeChecksums(dir string, names []string) error {
	var sums strings.Builder
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
