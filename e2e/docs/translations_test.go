package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTranslatedReadmesAreInStep: the READMEs in other languages have the same headings, commands and
// links in the same order as README.md; comments behind commands are translated.
func TestTranslatedReadmesAreInStep(t *testing.T) {
	t.Parallel()
	pages := written(t)
	want := outline(pages["README.md"])
	for _, name := range []string{"README.zh.md", "README.ja.md", "README.ko.md"} {
		got := outline(pages[name])
		for i := range max(len(want), len(got)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s differs from README.md after %q: it has %q, README.md %q", name, want[max(i-1, 0)], at(got, i), at(want, i))
				break
			}
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d things were compared", len(want))
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

var (
	level  = regexp.MustCompile(`^#+ `)
	remark = regexp.MustCompile(`\s+#\s.*$`)
	code   = regexp.MustCompile("`[^`]+`")
)

// outline is what all languages have in common, in its order.
func outline(page []byte) (out []string) {
	inCode := false
	var paragraph []string
	// Languages order the words of a sentence differently, so those of a paragraph are sorted.
	end := func() {
		slices.Sort(paragraph)
		out = append(out, paragraph...)
		paragraph = nil
	}
	for line := range strings.SplitSeq(string(page), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			end()
			inCode = !inCode
			out = append(out, line)
		case inCode:
			out = append(out, remark.ReplaceAllString(line, ""))
		case level.MatchString(line):
			end()
			out = append(out, level.FindString(line))
		case line == "":
			end()
		default:
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				paragraph = append(paragraph, found[1])
			}
			paragraph = append(paragraph, code.FindAllString(line, -1)...)
		}
	}
	end()
	return out
}
