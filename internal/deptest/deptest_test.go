package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/trunkline-ai/trunkline"

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// short is the path below the module's root, or the whole path of a library.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// matches reports whether a short path fits one of the patterns.
func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, ok := strings.CutSuffix(pattern, "...")
		switch {
		case !ok:
			return path == pattern
		case below == "": // all of the module
			return isOurs(path)
		}
		return strings.HasPrefix(path+"/", below)
	})
}

// isOurs reports whether a short path is of this module, and not of a library.
func isOurs(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return slices.Contains(folders, top)
}

// violations lists what a package imports against the rule.
func (r rule) violations(p pkg) (bad []string) {
	from := short(p.ImportPath)
	if !matches(from, r.from) || matches(from, r.except) {
		return nil
	}
	imports := p.Imports
	if r.tests {
		imports = concat(p.Imports, p.TestImports, p.XTestImports)
	}
	for _, path := range imports {
		to := short(path)
		if matches(to, r.never) && !matches(to, r.unless) {
			bad = append(bad, to)
		}
	}
	return bad
}

// part is the folder of a part: the first two elements of a short path.
func part(path string) string {
	elements := strings.SplitN(path, "/", 3)
	return strings.Join(elements[:min(2, len(elements))], "/")
}

// siblings lists what a package imports from other parts of its folder.
func siblings(p pkg, i isolation) (bad []string) {
	from := short(p.ImportPath)
	if !strings.HasPrefix(from, i.folder+"/") || part(from) == i.wiring {
		return nil
	}
	for _, path := range p.Imports {
		to := short(path)
		switch {
		case !strings.HasPrefix(to, i.folder+"/"), part(to) == part(from), matches(to, i.shared):
		case slices.Contains(i.rooms, to) && !slices.Contains(i.rooms, part(from)):
		default:
			bad = append(bad, to)
		}
	}
	return bad
}

func TestImportRules(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, r := range rules {
			for _, to := range r.violations(p) {
				t.Errorf("%s imports %s: %s", short(p.ImportPath), to, r.why)
			}
		}
		for _, folder := range isolated {
			for _, to := range siblings(p, folder) {
				t.Errorf("%s imports its sibling %s: %s", short(p.ImportPath), to, folder.why)
			}
		}
	}
}

func TestBinaries(t *testing.T) {
	t.Parallel()
	commands := list(t, "./cmd/...")
	for _, b := range binaries {
		if !slices.ContainsFunc(commands, func(p pkg) bool { return short(p.ImportPath) == b.program }) {
			t.Errorf("there is no %s", b.program)
			continue
		}
		for _, dep := range list(t, "-deps", "./"+b.program) {
			if path := short(dep.ImportPath); matches(path, b.never) {
				t.Errorf("%s holds %s: %s", b.program, path, b.why)
			}
		}
	}
}

// TestRulesCatch shows that the rules find what they are for.
func TestRulesCatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		test     bool // imported by a test only
		want     bool
	}{
		{"controlplane/adminapi", "dataplane", false, true},
		{"controlplane", "dataplane/proxy", true, true},
		{"dataplane/server", "controlplane/server", false, true},
		{"dataplane/proxy", "dataplane/upstream", false, true},
		{"dataplane/proxy", "dataplane/upstream", true, false},
		{"dataplane/server", "dataplane/upstream", false, false},
		{"dataplane/proxy", "dataplane/server", false, true},
		{"dataplane/proxy", "dataplane/classify", false, false},
		{"dataplane/proxy", "dataplane/proxy/engine", false, false},
		{"dataplane/proxy/engine", "dataplane/wire", false, false},
		{"dataplane/proxy/engine", "dataplane/proxy", false, true},
		{"dataplane/proxy/engine", "dataplane/upstream", false, true},
		{"dataplane/proxy/body", "dataplane/proxy/engine", false, true},
		{"dataplane/classify", "dataplane", false, false},
		{"dataplane/classify", "dataplane/proxy", false, true},
		{"dataplane/wire/chat", "internal/wire/sse", false, false},
		{"dataplane/wire/chat", "dataplane/upstream", false, true},
		{"controlplane/store", "controlplane/store/sqlite", false, false},
		{"controlplane", "controlplane/store", false, true},
		{"controlplane", "controlplane/calllog", false, true},
		{"controlplane/store", "controlplane/calllog", false, false},
		{"controlplane/store", "controlplane/importer/remote", false, true},
		{"controlplane/importer", "controlplane/importer/remote", false, false},
		{"controlplane/calllog", "controlplane/fleet", false, true},
		{"controlplane/calllog", "controlplane/store", false, true},
		{"controlplane/adminapi", "controlplane/store", false, true},
		{"controlplane", "internal/errs", false, false},
		{"dataplane", "proto/gen/trunkline/node/v1", false, false},
		{"internal/errs", "controlplane", false, true},
		{"internal/run", "dataplane", true, true},
		{"internal/ops", "golang.org/x/sync/errgroup", false, false},
		{"dataplane/uplink", "modernc.org/sqlite", false, true},
		{"controlplane/store/postgres", "github.com/jackc/pgx/v5/stdlib", false, false},
		{"dataplane/proxy", "github.com/redis/go-redis/v9", false, true},
		{"dataplane/health", "github.com/redis/go-redis/v9", false, true},
		{"dataplane/health", "github.com/redis/go-redis/v9", true, false},
		{"dataplane/redis", "github.com/redis/go-redis/v9", false, false},
		{"dataplane/health", "dataplane/redis", false, false},
		{"dataplane/redis", "dataplane/health", false, true},
		{"dataplane/uplink/syncing", "dataplane/revocation", false, true},
		{"controlplane/server", "webui", false, false},
		{"dataplane/server", "webui", false, true},
		{"e2e", "controlplane/server", true, false},
		{"cli", "cmd/trunklinectl", false, true},
		{"cmd/trunkline", "cmd/fakeprovider", false, true},
		{"cmd/trunkline", "dataplane/server", false, false},
		{"dataplane/health", "dataplane/health/healthtest", true, false},
		{"dataplane/health", "dataplane/health/healthtest", false, true},
		{"controlplane/server", "internal/testenv", false, true},
		{"controlplane/server", "internal/testenv", true, false},
		{"proto/gen/trunkline/admin/v1", "internal/errs", false, true},
		{"proto/gen/trunkline/admin/v1", "google.golang.org/protobuf/proto", false, false},
	}
	for _, tt := range tests {
		p, to := pkg{ImportPath: module + "/" + tt.from}, []string{tt.to}
		if isOurs(tt.to) {
			to[0] = module + "/" + tt.to
		}
		if tt.test {
			p.XTestImports = to
		} else {
			p.Imports = to
		}
		if got := caught(p); got != tt.want {
			t.Errorf("%s imports %s (in a test: %v): caught %v, want %v", tt.from, tt.to, tt.test, got, tt.want)
		}
	}
}

func caught(p pkg) bool {
	for _, r := range rules {
		if len(r.violations(p)) > 0 {
			return true
		}
	}
	for _, folder := range isolated {
		if len(siblings(p, folder)) > 0 {
			return true
		}
	}
	return false
}

// list asks `go list` for packages of the module.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	root := filepath.Join("..", "..")
	visit(t, root)
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list found no packages")
	}
	return all
}

// visit looks at every folder with Go files, so that `go test` does not take the result of
// an earlier run for good after a file changed: it cannot see what `go list` reads.
func visit(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == root {
			return err
		}
		if name := d.Name(); strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || !isOurs(filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))) {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
