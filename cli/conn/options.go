// Package conn reaches the admin API: address, TLS, and who the caller is.
package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/trunkline-ai/trunkline/cli/contexts"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

// The environment variables that stand in for flags.
const (
	EnvServer    = "TRUNKLINE_SERVER"
	EnvToken     = "TRUNKLINE_TOKEN"
	EnvTokenFile = "TRUNKLINE_TOKEN_FILE"
	EnvPassword  = "TRUNKLINE_ADMIN_PASSWORD"

	// DefaultServer is where `trunkline` listens when nothing else is said.
	DefaultServer = "http://127.0.0.1:8001"
)

// maxTokenFile bounds what is read of a token file, in bytes.
const maxTokenFile = 4096

// Options are the flags that every command has.
type Options struct {
	Context            string
	Server             string
	Token              string
	TokenFile          string
	Username           string
	CAFile             string
	InsecureSkipVerify bool
	Timeout            time.Duration
}

// Bind adds the flags. Values from the environment are read only when a
// connection is made: as defaults they would show in --help, the token too.
func (o *Options) Bind(f *pflag.FlagSet) {
	f.StringVar(&o.Context, "context", "", "which context to use (default $"+contexts.EnvContext+", else the current one); $"+EnvServer+" and $"+EnvToken+" win over it")
	f.StringVar(&o.Server, "server", "", "address of the admin API (default $"+EnvServer+", else the context's, else "+DefaultServer+")")
	f.StringVar(&o.Token, "token", "", "admin token (default $"+EnvToken+"); others on this machine can see it: better use --token-file or login")
	f.StringVar(&o.TokenFile, "token-file", "", "file that holds the admin token (default $"+EnvTokenFile+", else the context's token)")
	f.StringVar(&o.Username, "username", "",
		"sign in for this command with a password instead of a token; it is asked for, or comes from $"+EnvPassword+" or stdin")
	f.StringVar(&o.CAFile, "ca-file", "", "PEM file of the certificate authorities to trust instead of the system's")
	f.BoolVar(&o.InsecureSkipVerify, "insecure-skip-verify", false, "do not verify the server's certificate: anyone in between can read the token")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "longest time for one request; 0 is no limit")
}

// Limit gives one request its deadline.
func (o *Options) Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, o.Timeout)
}

// ParseServer checks the address of a server, and gives it without a slash at its end.
func ParseServer(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, exit.Usagef("--server %q is not an address such as %s or https://trunkline.example.com", raw, DefaultServer)
	case u.User != nil:
		return nil, exit.Usagef("--server must not contain a user name or password: use --token-file or --username")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, exit.Usagef("--server %q must not have a query or a fragment", raw)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// GivenServer is the address that a flag or the environment names, or "".
func (o *Options) GivenServer(env *proc.Env) string { return firstOf(o.Server, env.Getenv(EnvServer)) }

// GivenToken is the token that a flag or the environment names, or "" when there is none. Flags win
// over the environment; of two flags one would be ignored, so they are refused.
func (o *Options) GivenToken(env *proc.Env) (string, error) {
	given := 0
	for _, v := range []string{o.Token, o.TokenFile, o.Username} {
		if v != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return "", exit.Usagef("give only one of --token, --token-file and --username")
	case o.Username != "":
		return "", nil
	case o.Token != "":
		return CheckToken(o.Token)
	case o.TokenFile != "":
		return tokenFromFile(o.TokenFile)
	case env.Getenv(EnvToken) != "":
		return CheckToken(env.Getenv(EnvToken))
	case env.Getenv(EnvTokenFile) != "":
		return tokenFromFile(env.Getenv(EnvTokenFile))
	}
	return "", nil
}

func tokenFromFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", fmt.Errorf("token file %s is empty", name)
	}
	return CheckToken(token)
}

// CheckToken refuses what cannot be a header value, without repeating it.
func CheckToken(token string) (string, error) {
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return "", errors.New("the token contains characters that no token has: is it the right one?")
		}
	}
	return token, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
