package dataplane

import (
	"fmt"
	"regexp"
	"strings"
)

// CompileKeyword prepares a failure keyword: text is matched case-insensitively, a
// pattern as RE2.
func CompileKeyword(name, keyword, pattern string, count bool) (*Keyword, error) {
	if pattern == "" {
		pattern = "(?i)" + regexp.QuoteMeta(strings.TrimSpace(keyword))
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return &Keyword{Name: name, Count: count, Match: re.MatchString}, nil
}
