package settings_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/settings"
	"github.com/trunkline-ai/trunkline/internal/version"
)

// command is a set with one setting of each kind, and where its values go.
type command struct {
	set     *settings.Set
	out     bytes.Buffer
	dir     string
	listen  string
	verbose bool
	workers int
	drain   time.Duration
	secret  string
}

func newCommand(t *testing.T, environ map[string]string, dotEnv string) *command {
	t.Helper()
	c := &command{dir: t.TempDir()}
	path := filepath.Join(c.dir, ".env")
	if dotEnv != "" {
		write(t, path, dotEnv)
	}
	c.set = settings.New(settings.Config{
		Program:   "gateway",
		About:     "A gateway.",
		LookupEnv: func(name string) (string, bool) { v, ok := environ[name]; return v, ok },
		DotEnv:    path,
		Output:    &c.out,
	})
	c.set.String(&c.listen, "listen", "LISTEN", "127.0.0.1:8001", "address for clients")
	c.set.Bool(&c.verbose, "verbose", "VERBOSE", false, "say more")
	c.set.Int(&c.workers, "workers", "WORKERS", 4, "how many")
	c.set.Duration(&c.drain, "drain", "DRAIN", 30*time.Second, "how long")
	c.set.Secret(&c.secret, "key-file", "KEY", "built-in", "the key")
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := newCommand(t, nil, "")
	if err := c.set.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if c.listen != "127.0.0.1:8001" || c.verbose || c.workers != 4 || c.drain != 30*time.Second || c.secret != "built-in" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestEveryKindFromEverySource(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"LISTEN": ":1", "VERBOSE": "true", "WORKERS": "7", "DRAIN": "1m30s", "KEY": "s3cret"}
	dotEnv := "LISTEN=:1\nVERBOSE=true\nexport WORKERS=7\nDRAIN=1m30s # half\nKEY='s3cret'\n"
	tests := map[string]struct {
		args    []string
		environ map[string]string
		dotEnv  string
	}{
		"flags":       {[]string{"--listen", ":1", "--verbose", "--workers=7", "--drain=1m30s"}, map[string]string{"KEY": "s3cret"}, ""},
		"environment": {nil, environ, ""},
		".env":        {nil, nil, dotEnv},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCommand(t, tt.environ, tt.dotEnv)
			if err := c.set.Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			if c.listen != ":1" || !c.verbose || c.workers != 7 || c.drain != 90*time.Second || c.secret != "s3cret" {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestFirstSourceWins(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"LISTEN": "from-env", "WORKERS": "2", "DRAIN": ""}
	dotEnv := "LISTEN=from-file\nWORKERS=3\nDRAIN=3s\n"
	c := newCommand(t, environ, dotEnv)
	if err := c.set.Parse([]string{"--listen=from-flag"}); err != nil {
		t.Fatal(err)
	}
	if c.listen != "from-flag" || c.workers != 2 {
		t.Errorf("listen %q, workers %d; want the flag's and the environment's", c.listen, c.workers)
	}
	if c.drain != 3*time.Second {
		t.Errorf("drain %v; an empty variable counts as not set, so .env wins", c.drain)
	}
}

func TestGivenIsWhatSomebodySetWhateverTheValue(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		environ map[string]string
		dotEnv  string
		args    []string
		want    bool
	}{
		"nowhere":        {},
		"empty variable": {environ: map[string]string{"DRAIN": ""}},
		"flag":           {args: []string{"--drain", "30s"}, want: true},
		"variable":       {environ: map[string]string{"DRAIN": "30s"}, want: true},
		".env":           {dotEnv: "DRAIN=30s\n", want: true},
	} {
		c := newCommand(t, tt.environ, tt.dotEnv)
		given := true
		c.set.Given(&given, "drain")
		if err := c.set.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		if given != tt.want || c.drain != 30*time.Second {
			t.Errorf("%s: given %v, %s", name, given, c.drain)
		}
	}
}

func TestEmptyFlagIsGiven(t *testing.T) {
	t.Parallel()
	c := newCommand(t, map[string]string{"LISTEN": ":9"}, "")
	if err := c.set.Parse([]string{"--listen=", "--verbose=false"}); err != nil {
		t.Fatal(err)
	}
	if c.listen != "" {
		t.Errorf("listen %q, want the empty text that the flag gave", c.listen)
	}
}

func TestErrorsNameTheSource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		args    []string
		environ map[string]string
		dotEnv  string
		want    []string
	}{
		{"flag", []string{"--workers=many"}, nil, "", []string{`flag --workers: "many" must be a whole number`}},
		{"environment", nil, map[string]string{"DRAIN": "30"}, "", []string{`environment variable DRAIN: "30" must be a duration such as 30s or 5m`}},
		{".env", nil, nil, "VERBOSE=perhaps\n", []string{"VERBOSE in ", `.env: "perhaps" must be true or false`}},
		{"all at once", []string{"--workers=x"}, map[string]string{"DRAIN": "y"}, "", []string{"flag --workers", "environment variable DRAIN"}},
		{"unknown flag", []string{"--lisen=:1"}, nil, "", []string{"unknown flag: --lisen", "--help"}},
		{"flag without value", []string{"--listen"}, nil, "", []string{"needs an argument: --listen"}},
		{"argument", []string{"serve"}, nil, "", []string{`unexpected argument "serve"`}},
		{"a number below 0", []string{"--workers", "-1"}, nil, "", []string{"flag --workers", `"-1" must be 0 or more`}},
		{"a duration below 0", nil, map[string]string{"DRAIN": "-5s"}, "", []string{"environment variable DRAIN", `"-5s" must be 0s or more`}},
		{"both forms of a secret", nil, map[string]string{"KEY": "hunter2", "KEY_FILE": "/x"}, "", []string{"set KEY or KEY_FILE, not both"}},
		{"secret file missing", nil, nil, "KEY_FILE=/nonexistent/key\n", []string{"KEY_FILE in ", "/nonexistent/key", "no such file"}},
		{"malformed .env", nil, nil, "LISTEN=:1\n\nKEY hunter2\n", []string{".env: line 3 is not of the form NAME=value"}},
		{"open quote in .env", nil, nil, "A=1\nKEY=\"hunter2\nLISTEN=:1\n", []string{".env: line 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCommand(t, tt.environ, tt.dotEnv)
			err := c.set.Parse(tt.args)
			var coded interface{ ExitCode() int }
			if !errors.As(err, &coded) || coded.ExitCode() != 2 {
				t.Fatalf("Parse = %v, want an error with exit code 2", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"k3y":       "k3y",
		"k3y\n":     "k3y",
		"k3y\r\n":   "k3y",
		" k3y \n\n": " k3y \n", // only one line end is not part of the secret
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "key")
		write(t, path, content)
		byFlag := newCommand(t, map[string]string{"KEY": "from-env"}, "")
		if err := byFlag.set.Parse([]string{"--key-file", path}); err != nil || byFlag.secret != want {
			t.Errorf("by flag: %q, %v; want %q", byFlag.secret, err, want)
		}
		byEnv := newCommand(t, map[string]string{"KEY_FILE": path}, "KEY=from-file\n")
		if err := byEnv.set.Parse(nil); err != nil || byEnv.secret != want {
			t.Errorf("by KEY_FILE: %q, %v; want %q", byEnv.secret, err, want)
		}
	}
	empty := filepath.Join(t.TempDir(), "key")
	write(t, empty, "\n")
	c := newCommand(t, map[string]string{"KEY_FILE": empty}, "")
	if err := c.set.Parse(nil); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty secret file: %v", err)
	}
}

func TestLatestFollowsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	latest := settings.Latest("first", path, func(text string) bool { return text != "short" })
	for _, step := range []struct {
		content string // empty: the file is gone
		want    string
	}{
		{"", "first"}, {"second\n", "second"}, {"short", "second"}, {"\n", "second"}, {"", "second"}, {"third", "third"},
	} {
		if step.content == "" {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		} else {
			write(t, path, step.content)
		}
		if got := latest(); got != step.want {
			t.Errorf("with %q in the file: %q, want %q", step.content, got, step.want)
		}
	}
	if got := settings.Latest("text", "", nil)(); got != "text" {
		t.Errorf("without a file: %q", got)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	c := newCommand(t, map[string]string{"KEY": "hunter2"}, "")
	err := c.set.Parse([]string{"--help"})
	var coded interface{ ExitCode() int }
	if !errors.As(err, &coded) || coded.ExitCode() != 0 {
		t.Fatalf("Parse = %v, want an error with exit code 0", err)
	}
	want := `gateway: A gateway.

Usage: gateway [flags]

Settings come from flags, then the environment, then the file ` + filepath.Join(c.dir, ".env") + `; the first one wins.

Flags:
  --listen text, LISTEN
        address for clients (default "127.0.0.1:8001")
  --verbose, VERBOSE
        say more (default false)
  --workers number, WORKERS
        how many (default 4)
  --drain duration, DRAIN
        how long (default 30s)
  --key-file file, KEY or KEY_FILE
        the key
  --help
        print this text
  --version
        print version, commit and date
`
	if got := c.out.String(); got != want {
		t.Errorf("help:\n%s\nwant:\n%s", got, want)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	c := newCommand(t, nil, "")
	err := c.set.Parse([]string{"--version"})
	var coded interface{ ExitCode() int }
	if !errors.As(err, &coded) || coded.ExitCode() != 0 || c.out.String() != "gateway "+version.Full()+"\n" {
		t.Errorf("--version prints %q, %v", c.out.String(), err)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args          []string
		command, want string // want is in the error
	}{
		{nil, "", ""},
		{[]string{"migrate"}, "migrate", ""},
		{[]string{"migrate", "--workers=7"}, "migrate", ""},
		{[]string{"--workers", "7", "migrate"}, "migrate", ""},
		{[]string{"serve"}, "", `unexpected argument "serve"`},
		{[]string{"migrate", "twice"}, "", `unexpected argument "twice"`},
	} {
		var out strings.Builder
		set := settings.New(settings.Config{
			Program: "gateway", LookupEnv: func(string) (string, bool) { return "", false }, DotEnv: filepath.Join(t.TempDir(), ".env"), Output: &out,
			Commands: []settings.Command{{Name: "migrate", About: "move on"}},
		})
		var workers int
		set.Int(&workers, "workers", "WORKERS", 7, "how many")
		err := set.Parse(tt.args)
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: %v, want %s", tt.args, err, tt.want)
			}
			continue
		}
		if err != nil || set.Command() != tt.command || workers != 7 {
			t.Errorf("%q: command %q, %d workers, %v", tt.args, set.Command(), workers, err)
		}
		_ = set.Parse([]string{"--help"})
		if want := "Usage: gateway [command] [flags]\n\nCommands, in place of serving:\n  migrate\n        move on\n"; !strings.Contains(out.String(), want) {
			t.Errorf("help lacks the commands:\n%s", &out)
		}
	}
}

func TestFlagWithoutVariable(t *testing.T) {
	t.Parallel()
	c := newCommand(t, map[string]string{"": "true"}, "")
	var demo bool
	c.set.Bool(&demo, "demo", "", false, "show it")
	if err := c.set.Parse(nil); err != nil || demo {
		t.Errorf("demo = %v, %v without the flag", demo, err)
	}
	if err := c.set.Parse([]string{"--demo"}); err != nil || !demo {
		t.Errorf("demo = %v, %v with the flag", demo, err)
	}
	_ = c.set.Parse([]string{"--help"}) // checked in TestHelp
	if want := "  --demo\n        show it (default false)\n"; !strings.Contains(c.out.String(), want) {
		t.Errorf("help lacks %q:\n%s", want, &c.out)
	}
}

func TestExampleFileIsRead(t *testing.T) {
	t.Parallel()
	set := settings.New(settings.Config{
		Program:   "gateway",
		LookupEnv: func(string) (string, bool) { return "", false },
		DotEnv:    filepath.Join("..", "..", ".env.example"),
	})
	var listen, password string
	set.String(&listen, "listen", "TRUNKLINE_LISTEN", "", "where")
	set.Secret(&password, "admin-password-file", "ADMIN_PASSWORD", "fallback", "what")
	if err := set.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if listen != "127.0.0.1:8001" || password != "fallback" {
		t.Errorf("listen %q, password %q; want the example's address and the default password", listen, password)
	}
}

func TestLookupEnv(t *testing.T) {
	t.Parallel()
	c := newCommand(t, map[string]string{"A": "env", "EMPTY": ""}, "A=file\nB=file\n")
	if err := c.set.Parse(nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "env", "B": "file", "EMPTY": "", "C": ""} {
		if got, ok := c.set.LookupEnv(name); got != want || ok != (want != "") {
			t.Errorf("LookupEnv(%s) = %q, %v", name, got, ok)
		}
	}
}
