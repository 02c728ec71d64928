// Package proc is what a command sees of the process around it: streams,
// environment and clock. Passing it instead of reaching for package os lets
// tests run many commands side by side in one process.
package proc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxSecret is the longest secret read from stdin, in bytes.
const maxSecret = 64 << 10

// Env is the surroundings of one run. All fields are required unless they say otherwise.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(name string) (string, bool)
	Now            func() time.Time
	// Interrupted is closed when the run is to end; nil is never.
	Interrupted <-chan struct{}

	stdinUser string // who has taken stdin; it can be read only once
}

// OS is the real process.
func OS() *Env {
	return &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Now: time.Now}
}

// Getenv gives the value of an environment variable, or "" when it is not set.
func (e *Env) Getenv(name string) string {
	if v, ok := e.LookupEnv(name); ok {
		return v
	}
	return ""
}

// TakeStdin gives stdin to the named user. A second user is refused: it would
// wait forever, or read what was meant for the first.
func (e *Env) TakeStdin(user string) (io.Reader, error) {
	if e.stdinUser != "" {
		return nil, fmt.Errorf("%s: stdin is already read by %s", user, e.stdinUser)
	}
	e.stdinUser = user
	return e.Stdin, nil
}

// SecretFromStdin reads a secret for the named user: all of stdin without the
// line end. At a terminal it asks for it, and what is typed is not shown.
func (e *Env) SecretFromStdin(user string) (string, error) {
	if e.Interactive() {
		return e.AskSecret(user)
	}
	in, err := e.TakeStdin(user)
	if err != nil {
		return "", err
	}
	return readSecret(in, user, "stdin")
}

// SecretFromFile reads a secret for the named user: all of a file without the line end.
func (e *Env) SecretFromFile(user, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", user, err)
	}
	defer f.Close()
	return readSecret(f, user, name)
}

func readSecret(in io.Reader, user, from string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("%s: read %s: %w", user, from, err)
	}
	secret := strings.TrimRight(string(b), "\r\n")
	switch {
	case len(b) > maxSecret:
		return "", fmt.Errorf("%s: more than %d bytes on %s", user, maxSecret, from)
	case secret == "":
		return "", fmt.Errorf("%s: nothing on %s", user, from)
	}
	return secret, nil
}

// SecretFromEnv reads a secret from an environment variable, which must be set and not empty.
func (e *Env) SecretFromEnv(name string) (string, error) {
	if name == "" {
		return "", errors.New("want the name of an environment variable")
	}
	secret := e.Getenv(name)
	if secret == "" {
		return "", fmt.Errorf("environment variable %s is not set", name)
	}
	return secret, nil
}
