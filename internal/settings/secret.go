package settings

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// fileSuffix is what the variable of a secret's file has after the secret's own name.
const fileSuffix = "_FILE"

// Secret registers a text that must not be seen: neither --help nor an error prints it.
// It is read from the variable env, or from the file that the flag or the variable
// env_FILE names; so flag should end in -file. There is no flag for the text itself, for
// other users of the machine can read a process's arguments. One line end at the end of
// the file is dropped.
func (s *Set) Secret(p *string, flag, env, fallback, help string) {
	s.SecretFrom(p, new(string), flag, env, fallback, help)
}

// SecretFrom is Secret that also tells the path of the file that the text was read from; empty when
// it comes from a variable.
func (s *Set) SecretFrom(p, path *string, flag, env, fallback, help string) {
	s.add(&setting{flag: flag, env: env, kind: "file", fallback: fallback, help: help, secret: true, file: path, assign: func(text string) error {
		*p = text
		return nil
	}})
}

// secret completes the look-up of a secret in one source: value is the text that the
// variable env holds there, if any.
func (src source) secret(st *setting, value, from string) (string, string, error) {
	env := st.env
	path := src.get(env + fileSuffix)
	if path == "" {
		return value, from, nil
	}
	if value != "" {
		return "", from, fmt.Errorf("set %s or %s, not both", env, env+fileSuffix)
	}
	*st.file = path
	value, err := ReadSecret(path)
	return value, fmt.Sprintf(src.format, env+fileSuffix), err
}

// Again gives what reads the secret of a file again; nil where there is no file.
func Again(path string) func() (string, error) {
	if path == "" {
		return nil
	}
	return func() (string, error) { return ReadSecret(path) }
}

// Latest gives a secret as its file holds it now, or as it was last while the file cannot be read or what it holds is
// not good; text is what was read of it at start, and a nil good takes everything. Without a path it is always text.
func Latest(text, path string, good func(text string) bool) func() string {
	if path == "" {
		return func() string { return text }
	}
	var last atomic.Pointer[string]
	last.Store(&text)
	return func() string {
		if now, err := ReadSecret(path); err == nil && (good == nil || good(now)) {
			last.Store(&now)
		}
		return *last.Load()
	}
}

// ReadSecret reads a file that holds nothing but a secret.
func ReadSecret(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err // names the path
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if text == "" {
		return "", errors.New(path + " is empty")
	}
	return text, nil
}
