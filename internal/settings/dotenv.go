package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/joho/godotenv"
)

// readDotEnv reads a .env file; one that does not exist holds nothing.
func readDotEnv(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	vars, err := godotenv.Unmarshal(string(raw))
	if err != nil {
		// The parser's own error quotes the file, secrets and all.
		return nil, fmt.Errorf("%s: line %d is not of the form NAME=value", path, firstBadLine(string(raw)))
	}
	return vars, nil
}

// firstBadLine finds the line after the longest part of the file that can be parsed.
func firstBadLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}
