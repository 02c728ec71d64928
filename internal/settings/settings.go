// Package settings reads the settings of a command from its flags, then the environment,
// then a .env file in the working directory; the first that names a setting wins. Every
// setting has a flag, an environment variable, a default and a help text, and every error
// says where the bad value came from. Values of secrets are never printed.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/trunkline-ai/trunkline/internal/version"
)

// errVersion ends a program that was only asked for its version.
var errVersion = errors.New("version printed")

// Config describes the command whose settings are read.
type Config struct {
	Program string // the command's name; required
	About   string // one or more sentences for --help
	// Commands are what the program can do besides serving, each with the same settings.
	Commands []Command
	// LookupEnv reads the environment; default os.LookupEnv.
	LookupEnv func(name string) (string, bool)
	DotEnv    string    // path of the .env file, which need not exist; default ".env"
	Output    io.Writer // where --help goes; default os.Stdout
}

// Command is a word in front of the flags that has the program do something else than serve.
type Command struct{ Name, About string }

// Set is the settings of one command: register each, then Parse once. A setting whose
// variable has no name comes from its flag only.
type Set struct {
	cfg    Config
	flags  *pflag.FlagSet
	all    []*setting // in order of registration, as --help lists them
	ask    bool       // --version was given
	dotEnv map[string]string
}

// New makes an empty set.
func New(cfg Config) *Set {
	if cfg.LookupEnv == nil {
		cfg.LookupEnv = os.LookupEnv
	}
	cfg.DotEnv = cmp.Or(cfg.DotEnv, ".env")
	if cfg.Output == nil {
		cfg.Output = os.Stdout
	}
	s := &Set{cfg: cfg, flags: pflag.NewFlagSet(cfg.Program, pflag.ContinueOnError)}
	s.flags.SetOutput(io.Discard) // errors are returned, and help is our own
	s.flags.Usage = func() {}
	s.flags.BoolVar(&s.ask, "version", false, "")
	return s
}

// Parse reads args (without the program's name), the environment and the .env file, and
// sets every registered variable. A variable that is present but empty counts as not
// set. With --help or --version it prints that and returns an error whose exit code is 0;
// any other error has exit code 2 and lists all that is wrong.
func (s *Set) Parse(args []string) error {
	if err := s.flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			s.help()
			return &Error{code: 0, err: err}
		}
		return usage(fmt.Errorf("%w (--help lists all flags)", err))
	}
	if s.ask {
		fmt.Fprintln(s.cfg.Output, s.cfg.Program, version.Full())
		return &Error{code: 0, err: errVersion}
	}
	if err := s.checkArguments(); err != nil {
		return err
	}
	var err error
	if s.dotEnv, err = readDotEnv(s.cfg.DotEnv); err != nil {
		return usage(err)
	}
	var bad []error
	for _, st := range s.all {
		bad = append(bad, s.resolve(st))
	}
	if err := errors.Join(bad...); err != nil {
		return usage(err)
	}
	return nil
}

// checkArguments wants at most one argument, and that to be a command.
func (s *Set) checkArguments() error {
	unexpected := s.flags.NArg() - 1
	if unexpected == 0 && slices.ContainsFunc(s.cfg.Commands, func(c Command) bool { return c.Name == s.flags.Arg(0) }) {
		return nil
	}
	if unexpected < 0 {
		return nil
	}
	return usage(fmt.Errorf("unexpected argument %q (--help lists all flags)", s.flags.Arg(unexpected)))
}

// Command is the command that was asked for; empty: to serve. Call it after Parse.
func (s *Set) Command() string { return s.flags.Arg(0) }

// LookupEnv finds a variable in the environment or else in the .env file, in the order
// of Parse. It is for names that are no settings, such as those in a declarative file.
func (s *Set) LookupEnv(name string) (string, bool) {
	for _, from := range s.sources() {
		if value := from.get(name); value != "" {
			return value, true
		}
	}
	return "", false
}

// Export puts variables of the .env file that begin with prefix into the environment of the process,
// unless they are there: libraries that have settings of their own read nothing else.
func (s *Set) Export(prefix string) error {
	for name, value := range s.dotEnv {
		if present, _ := s.cfg.LookupEnv(name); strings.HasPrefix(name, prefix) && present == "" {
			if err := os.Setenv(name, value); err != nil {
				return fmt.Errorf("%s in %s: %w", name, s.cfg.DotEnv, err)
			}
		}
	}
	return nil
}

// source is a place that holds variables.
type source struct {
	format string // names a variable of it in errors
	get    func(name string) string
}

// sources lists the places after the flags, the first one wins.
func (s *Set) sources() []source {
	environ := func(name string) string { value, _ := s.cfg.LookupEnv(name); return value }
	dotEnv := func(name string) string { return s.dotEnv[name] }
	return []source{
		{"environment variable %s", environ},
		{"%s in " + strings.ReplaceAll(s.cfg.DotEnv, "%", "%%"), dotEnv},
	}
}

// sourcesOf lists the places that may hold the setting.
func (s *Set) sourcesOf(st *setting) []source {
	if st.env == "" {
		return nil
	}
	return s.sources()
}

// resolve sets one setting from the first source that names it, else its default.
func (s *Set) resolve(st *setting) error {
	value, from, err := s.find(st)
	if st.isGiven != nil {
		*st.isGiven = from != ""
	}
	if from == "" {
		value, from = st.fallback, "default of --"+st.flag
	}
	if err == nil {
		err = st.assign(value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// find gives a setting's text and where it comes from; both are empty when no source names it.
func (s *Set) find(st *setting) (value, from string, err error) {
	if s.flags.Changed(st.flag) {
		from = "flag --" + st.flag
		if st.secret {
			*st.file = st.given
			value, err = ReadSecret(st.given)
			return value, from, err
		}
		return st.given, from, nil
	}
	for _, source := range s.sourcesOf(st) {
		value, from = source.get(st.env), fmt.Sprintf(source.format, st.env)
		if st.secret {
			value, from, err = source.secret(st, value, from)
		}
		if value != "" || err != nil {
			return value, from, err
		}
	}
	return "", "", nil
}

// Error says that a command was called wrongly, or that help was asked for.
type Error struct {
	code int
	err  error
}

func usage(err error) *Error { return &Error{code: 2, err: err} }

// Error says what is wrong, and where.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// ExitCode is what the command exits with: 0 after --help, else 2.
func (e *Error) ExitCode() int { return e.code }
