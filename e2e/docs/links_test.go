package docs

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const top = "../.."

// written are all pages that people wrote or generated, by their path from the repository's top.
func written(t *testing.T) map[string][]byte {
	t.Helper()
	pages := map[string][]byte{}
	add := func(path string) {
		text, err := os.ReadFile(filepath.Join(top, path))
		if err != nil {
			t.Fatal(err)
		}
		pages[path] = text
	}
	roots, err := filepath.Glob(filepath.Join(top, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range roots {
		add(filepath.Base(path))
	}
	add("llms.txt")
	add("webui/README.md")
	for _, folder := range []string{"docs", "deployments"} {
		err = fs.WalkDir(os.DirFS(top), folder, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".md") {
				add(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return pages
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are the names that headings of a page have in links to them.
func anchors(page []byte) (names []string) {
	for _, found := range heading.FindAllSubmatch(fence.ReplaceAll(page, nil), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(string(found[1])) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case unicode.IsLetter(r), unicode.IsNumber(r), r == '-', r == '_':
				b.WriteRune(r)
			}
		}
		names = append(names, b.String())
	}
	return names
}

// TestLinksLeadSomewhere: every link inside the repository has a file, and its heading.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages := written(t)
	for path, text := range pages {
		for _, found := range link.FindAllSubmatch(fence.ReplaceAll(text, nil), -1) {
			target := string(found[1])
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, name, _ := strings.Cut(target, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(filepath.Join(top, to)); err != nil {
				t.Errorf("%s: %s leads nowhere", path, target)
				continue
			}
			if page, known := pages[to]; name != "" && known && !slices.Contains(anchors(page), name) {
				t.Errorf("%s: %s has no such heading", path, target)
			}
		}
	}
}

// TestEveryPageIsListed: who starts at the index finds all pages.
func TestEveryPageIsListed(t *testing.T) {
	t.Parallel()
	pages := written(t)
	index := pages[filepath.Join("docs", "README.md")]
	for path := range pages {
		name, ok := strings.CutPrefix(path, "docs/")
		if !ok || name == "README.md" || strings.HasPrefix(name, "decisions/0") {
			continue
		}
		list := index
		if command, ok := strings.CutPrefix(name, "cli/"); ok && command != "trunklinectl.md" { // the commands have a list of their own
			list, name = pages[filepath.Join("docs", "cli", "trunklinectl.md")], command
		}
		if !bytes.Contains(list, fmt.Appendf(nil, "(%s)", name)) {
			t.Errorf("no list of pages holds %s", name)
		}
	}
}

// TestWhatCanBeSetIsWrittenDown: of each policy, price and part of a field rule a page that people wrote tells what it does.
func TestWhatCanBeSetIsWrittenDown(t *testing.T) {
	t.Parallel()
	pages := written(t)
	maps.DeleteFunc(pages, func(path string, _ []byte) bool {
		return !strings.HasPrefix(path, "docs/") || strings.Count(path, "/") > 1 || path == "docs/metrics.md"
	})
	for _, m := range []proto.Message{&adminv1.FailoverPolicy{}, &adminv1.ProviderTimeouts{}, &adminv1.FieldRule{}, &adminv1.Price{}, &adminv1.PriceTier{}} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			name := regexp.MustCompile(`\b` + string(fields.Get(i).Name()) + `\b`)
			if !slices.ContainsFunc(slices.Collect(maps.Values(pages)), name.Match) {
				t.Errorf("no page in docs names %s of %T", fields.Get(i).Name(), m)
			}
		}
	}
}

// TestEveryErrorIsExplained: what the gateway itself answers is in the troubleshooting guide.
func TestEveryErrorIsExplained(t *testing.T) {
	t.Parallel()
	guide := string(written(t)["docs/troubleshooting.md"])
	code := regexp.MustCompile(`\bCode: +"([a-z_]+)"`)
	// What the client is told exactly by the message, and what no client gets.
	clear := []string{
		"bad_request", "invalid_request", "invalid_http", "method_not_allowed", "too_many_headers", "headers_too_large", "upgrade_required", "not_found", "conflict", "unsupported",
		"context_length_exceeded", "content_policy_violation", "client_closed", "slow_client", "provider_not_found", "internal_error",
		"upstream_stream_cut", "upstream_stream_idle", "upstream_stream_error", "upstream_truncated", "upstream_error", "upstream_overloaded", "upstream_busy",
		"bad_upstream_body", "too_large", "empty_stream", "empty_answer", "failure_keyword", "deadline_exceeded", "caller_deadline", "superseded",
	}
	seen := 0
	err := filepath.WalkDir(filepath.Join(top, "dataplane"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range code.FindAllSubmatch(text, -1) {
			seen++
			if name := string(found[1]); !slices.Contains(clear, name) && !strings.Contains(guide, "`"+name+"`") {
				t.Errorf("docs/troubleshooting.md does not explain %s", name)
			}
		}
		return err
	})
	if err != nil || seen < 40 {
		t.Errorf("%d codes looked at, %v", seen, err)
	}
}
