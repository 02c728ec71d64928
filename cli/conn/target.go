package conn

import (
	"fmt"
	"net/url"

	"github.com/trunkline-ai/trunkline/cli/contexts"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

// target is where a connection goes, and how.
type target struct {
	server   *url.URL
	token    string // empty without one
	caFile   string
	insecure bool // the certificate is not verified
}

// target puts together what flags, the environment and the context say, in this order. What
// a context holds is for its own server alone: its token goes to no other address.
func (o *Options) target(env *proc.Env) (*target, error) {
	given := o.GivenServer(env)
	token, err := o.GivenToken(env)
	if err != nil {
		return nil, err
	}
	t := &target{token: token, caFile: o.CAFile, insecure: o.InsecureSkipVerify}
	var c *contexts.Context
	if o.Context != "" || given == "" || (token == "" && o.Username == "") {
		if c, err = o.context(env); err != nil {
			return nil, err
		}
	}
	if c == nil {
		t.server, err = ParseServer(firstOf(given, DefaultServer))
		return t, err
	}
	if t.server, err = ParseServer(firstOf(given, c.Server)); err != nil {
		return nil, err
	}
	own, err := ParseServer(c.Server)
	if err != nil {
		return nil, fmt.Errorf("context %s: %w", c.Name, err)
	}
	if *own != *t.server {
		return t, nil
	}
	t.caFile = firstOf(t.caFile, c.CAFile)
	t.insecure = t.insecure || c.InsecureSkipVerify
	if t.token == "" && o.Username == "" && c.Token != "" {
		t.token, err = CheckToken(c.Token)
	}
	return t, err
}

// Address is the address of the server that a connection goes to.
func (o *Options) Address(env *proc.Env) (string, error) {
	t, err := o.target(env)
	if err != nil {
		return "", err
	}
	return t.server.String(), nil
}

// context gives the context to use, or nil. One that was asked for on the command line is
// not passed over in silence.
func (o *Options) context(env *proc.Env) (*contexts.Context, error) {
	file, err := contexts.Load(env)
	if err != nil {
		return nil, err
	}
	c, err := file.Selected(env, o.Context)
	if err != nil || c == nil {
		return nil, err
	}
	for _, name := range []string{EnvServer, EnvToken, EnvTokenFile} {
		if o.Context != "" && env.Getenv(name) != "" && o.Server == "" && o.Token == "" && o.TokenFile == "" {
			fmt.Fprintf(env.Stderr, "note: $%s is set and wins over context %s\n", name, c.Name)
		}
	}
	return c, nil
}
