package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// Interactive reports whether somebody is there to be asked.
func (e *Env) Interactive() bool { return isTerminal(e.Stdin) }

// Terminal reports whether somebody looks at w, and it can be drawn on.
func (e *Env) Terminal(w any) bool { return isTerminal(w) && e.Getenv("TERM") != "dumb" }

// Colour reports whether w shows colours: a terminal, unless $NO_COLOR is set.
func (e *Env) Colour(w any) bool {
	return e.Terminal(w) && e.Getenv("NO_COLOR") == ""
}

// Ask asks the person at the terminal for a line; an empty answer is the fallback.
func (e *Env) Ask(question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	answer, err := e.answer(question, false)
	if err == nil && answer == "" {
		answer = fallback
	}
	return answer, err
}

// AskSecret asks for a secret, which is not shown while it is typed and must not be empty.
func (e *Env) AskSecret(question string) (string, error) {
	secret, err := e.answer(question, true)
	if err == nil && secret == "" {
		err = fmt.Errorf("%s: no input", question)
	}
	return secret, err
}

// answer prints a question and reads what is typed. An interrupt ends it and gives the
// terminal its echo back: the read itself cannot be called off.
func (e *Env) answer(question string, secret bool) (string, error) {
	in, ok := e.Stdin.(*os.File)
	if !ok || !e.Interactive() {
		return "", fmt.Errorf("%s: there is no terminal to ask at", question)
	}
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err == nil && secret {
		_, err = term.MakeRaw(fd) // not shown from before the question on: people type ahead
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", question, err)
	}
	fmt.Fprintf(e.Stderr, "%s: ", question)
	type line struct {
		text string
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		read := readLine
		if secret {
			read = readKeys
		}
		text, err := read(in)
		typed <- line{text, err}
	}()
	var l line
	select {
	case l = <-typed:
	case <-e.Interrupted:
		l.err = context.Canceled
	}
	if secret || l.err != nil {
		l.err = errors.Join(l.err, term.Restore(fd, before))
		fmt.Fprintln(e.Stderr) // the line end was not shown
	}
	return strings.TrimSpace(l.text), l.err
}

// readLine reads no further than the line's end: what follows is for the next question.
func readLine(in *os.File) (string, error) {
	var text []byte
	for b := make([]byte, 1); len(text) < maxSecret; {
		n, err := in.Read(b)
		if n == 1 && b[0] != '\n' {
			text = append(text, b[0])
		}
		if n == 1 && b[0] == '\n' || err != nil {
			return string(text), err
		}
	}
	return "", errors.New("the line is too long")
}

// The keys that mean something while a secret is typed.
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyKillLine  = 0x15 // Ctrl-U
	keyDelete    = 0x7f
)

// readKeys reads a line key by key, from a terminal that leaves their meaning to the program.
func readKeys(in *os.File) (string, error) {
	var text []byte
	for b := make([]byte, 1); len(text) < maxSecret; {
		if n, err := in.Read(b); n != 1 {
			return string(text), err
		}
		switch b[0] {
		case '\r', '\n', keyEnd:
			return string(text), nil
		case keyInterrupt:
			return "", context.Canceled
		case keyKillLine:
			text = text[:0]
		case keyBackspace, keyDelete:
			_, size := utf8.DecodeLastRune(text)
			text = text[:len(text)-size]
		default:
			text = append(text, b[0])
		}
	}
	return "", errors.New("the line is too long")
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}
