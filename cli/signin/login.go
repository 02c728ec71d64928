// Package signin holds the commands that say which server to talk to and who one is to it:
// login, logout and context.
package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/contexts"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// defaultLifetime is how long a token of login works when nothing is said.
const defaultLifetime = 30 * 24 * time.Hour

// login is one run of the login command.
type login struct {
	r        *cli.Runtime
	name     string // of the context; empty: made of the server's address
	token    bool   // there is a token already: ask for it, or read it from stdin
	lifetime time.Duration
}

// Login makes the login command.
func Login(r *cli.Runtime) *cobra.Command {
	l := &login{r: r}
	cmd := &cobra.Command{
		Use:   "login [SERVER]",
		Short: "Sign in and store a token for later commands",
		Long: `Sign in to a server and store a token for it in the file of contexts, which only you
can read. Missing values are prompted for: the address, then the user name and the
password, or an existing token.

With a password, a separate token is created, which is valid for --expires-in; logout
revokes it. With --with-token, --token-file or $` + conn.EnvToken + ` that token is stored.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return l.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&l.name, "name", "", "name of the context; default: the server's host")
	f.BoolVar(&l.token, "with-token", false, "sign in with a token instead of a password; it is prompted for, or read from stdin")
	f.DurationVar(&l.lifetime, "expires-in", defaultLifetime, "how long the created token is valid; 0: without limit")
	for _, flag := range []string{"name", "expires-in"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

func (l *login) run(ctx context.Context, args []string) error {
	if l.lifetime < 0 {
		return exit.Usagef("--expires-in must be 0 or more")
	}
	file, err := contexts.Load(l.r.Env())
	if err != nil {
		return err
	}
	server, err := l.server(file, args)
	if err != nil {
		return err
	}
	o := l.r.Connection()
	o.Server, o.Context = server.String(), ""
	c := contexts.Context{Name: cmp.Or(l.name, server.Host), Server: server.String(), CAFile: o.CAFile, InsecureSkipVerify: o.InsecureSkipVerify}
	if !plaintext.IsPlain(c.Name) {
		return exit.Usagef("the name of a context %s", plaintext.Rule)
	}
	var who *adminv1.WhoAmIResponse
	if c.Token, who, err = l.obtain(ctx, o); err != nil {
		return err
	}
	file.Put(c)
	file.Current = c.Name
	if err := file.Save(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(l.r.Printer().Out, "signed in to %s as %s; context %s is the current one\n", c.Server, who.GetUsername(), c.Name)
	return err
}

// server is the address given, or the one that is answered.
func (l *login) server(file *contexts.File, args []string) (*url.URL, error) {
	env, o := l.r.Env(), l.r.Connection()
	raw := o.GivenServer(env)
	switch {
	case len(args) == 1 && o.Server != "" && o.Server != args[0]:
		return nil, exit.Usagef("the argument says %s, and --server %s", args[0], o.Server)
	case len(args) == 1:
		raw = args[0]
	case raw == "":
		known := conn.DefaultServer
		if c, err := file.Selected(env, o.Context); err == nil && c != nil {
			known = c.Server
		}
		if raw = known; env.Interactive() {
			var err error
			if raw, err = env.Ask("Server", known); err != nil {
				return nil, err
			}
		}
	}
	return conn.ParseServer(raw)
}

// obtain gives a token that works: the one that there is, else a new one.
func (l *login) obtain(ctx context.Context, o *conn.Options) (token string, who *adminv1.WhoAmIResponse, err error) {
	env := l.r.Env()
	if token, err = o.GivenToken(env); err != nil {
		return "", nil, err
	}
	if token == "" && o.Username == "" && !l.token && env.Interactive() {
		if o.Username, err = env.Ask("User name (empty when you have a token)", ""); err != nil {
			return "", nil, err
		}
		l.token = o.Username == ""
	}
	if token == "" && l.token {
		if o.Username != "" {
			return "", nil, exit.Usagef("give either --with-token or --username")
		}
		if token, err = env.SecretFromStdin("Token"); err != nil {
			return "", nil, err
		}
	}
	if token == "" && o.Username == "" {
		return "", nil, exit.Usagef("give --username for a new token, or a token with --with-token or --token-file: there is no terminal to ask at")
	}
	if token != "" {
		if token, err = conn.CheckToken(strings.TrimSpace(token)); err != nil {
			return "", nil, err
		}
		o.Token, o.TokenFile, o.Username = token, "", ""
	}
	err = l.r.Call(ctx, func(ctx context.Context, c *connect.Client) (err error) {
		if who, err = adminv1connect.NewSessionServiceClient(c).WhoAmI(ctx, &adminv1.WhoAmIRequest{}); err != nil || token != "" {
			return err
		}
		token, err = l.create(ctx, c, who)
		return err
	})
	return token, who, err
}

// create makes a token that may do what its owner may, and whose name says whose it is, and where.
func (l *login) create(ctx context.Context, c *connect.Client, who *adminv1.WhoAmIResponse) (string, error) {
	host, err := os.Hostname()
	if err != nil || !plaintext.IsPlain(host) {
		host = "unknown host"
	}
	t := &adminv1.Token{
		Name: fmt.Sprintf("login of %.60s at %.40s, %s", who.GetUsername(), host, strings.ToLower(rand.Text()[:8])),
		Role: who.GetRole(),
	}
	if l.lifetime > 0 {
		t.ExpireTime = timestamppb.New(l.r.Env().Now().Add(l.lifetime))
	}
	made, err := adminv1connect.NewTokenServiceClient(c).CreateToken(ctx, &adminv1.CreateTokenRequest{Token: t})
	return made.GetSecret(), err
}
