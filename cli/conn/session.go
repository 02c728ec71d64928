package conn

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/proc"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// signOutTimeout bounds the goodbye: the command has done its work by then.
const signOutTimeout = 3 * time.Second

// session is a sign-in with a password, for the time of one command.
type session struct{ cookie string }

// signIn trades user name and password for a session cookie. Typing the password is no part of the request's time.
func (o *Options) signIn(ctx context.Context, transport connect.Transport, headers map[string]string, env *proc.Env) (*session, error) {
	username := o.Username
	password, err := passwordOf(username, env)
	if err != nil {
		return nil, err
	}
	ctx, cancel := o.Limit(ctx)
	defer cancel()
	ctx, info := connect.NewClientContext(ctx)
	client := adminv1connect.NewSessionServiceClient(connect.NewClient(transport, withHeaders(headers)))
	request := &adminv1.LoginRequest{Username: username, Password: password}
	_, err = client.Login(ctx, request)
	if exit.Reason(err) == "TOTP_REQUIRED" {
		if !env.Interactive() {
			return nil, fmt.Errorf("%w as %s: the user has a second factor, and its code can be entered only in a terminal: use a token", exit.ErrSignIn, username)
		}
		if request.Code, err = env.AskSecret("Code of the second factor of " + username); err != nil {
			return nil, err
		}
		_, err = client.Login(ctx, request)
	}
	if err != nil {
		return nil, fmt.Errorf("%w as %s: %w", exit.ErrSignIn, username, err)
	}
	cookie := joinCookies(info.ResponseHeader().Values("Set-Cookie"))
	if cookie == "" {
		return nil, fmt.Errorf("%w as %s: the server set no session cookie", exit.ErrSignIn, username)
	}
	return &session{cookie: cookie}, nil
}

// passwordOf takes the password from the environment, else asks for it, else reads stdin.
func passwordOf(username string, env *proc.Env) (string, error) {
	switch password := env.Getenv(EnvPassword); {
	case password != "":
		return password, nil
	case env.Interactive():
		return env.AskSecret("Password of " + username)
	}
	return env.SecretFromStdin("the password of --username (or set $" + EnvPassword + ")")
}

// end signs out. It runs even when the command was interrupted, and a failure
// is not worth a word: the session then ends by itself.
func (s *session) end(client *connect.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), signOutTimeout)
	defer cancel()
	_, _ = adminv1connect.NewSessionServiceClient(client).Logout(ctx, &adminv1.LogoutRequest{})
}
