package signin

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/contexts"
	"github.com/trunkline-ai/trunkline/cli/exit"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Logout makes the logout command.
func Logout(r *cli.Runtime) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "logout [CONTEXT]",
		Short: "Revoke the token of a context on its server, and forget it",
		Long: `Revoke the token of a context on its server, and forget it; the context stays. With
--keep-token the token is only forgotten, for tokens that are also used elsewhere
and for servers that no longer exist.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeContexts(r),
		RunE: func(cmd *cobra.Command, args []string) error {
			return logout(cmd.Context(), r, strings.Join(args, ""), keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep-token", false, "only forget the token, which stays valid")
	return cmd
}

func logout(ctx context.Context, r *cli.Runtime, name string, keep bool) error {
	file, err := contexts.Load(r.Env())
	if err != nil {
		return err
	}
	if name == "" {
		name = r.Connection().Context
	}
	c, err := file.Selected(r.Env(), name)
	switch {
	case err != nil:
		return err
	case c == nil:
		return exit.Usagef("there is no current context: name one, or log in")
	case c.Token == "":
		_, err = fmt.Fprintf(r.Printer().Notes, "context %s holds no token\n", c.Name)
		return err
	}
	done := "its token is revoked"
	if keep {
		done = "its token is forgotten here and still works"
	} else if err := revoke(ctx, r, c); err != nil {
		return fmt.Errorf("revoke the token of context %s (--keep-token only forgets it): %w", c.Name, err)
	}
	c.Token = ""
	if err := file.Save(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.Printer().Out, "signed out of %s; %s\n", c.Server, done)
	return err
}

// revoke signs a context's token out at its server, which deletes it. One that does not work any
// more is as good as revoked.
func revoke(ctx context.Context, r *cli.Runtime, c *contexts.Context) error {
	*r.Connection() = conn.Options{
		Server: c.Server, Token: c.Token, CAFile: c.CAFile, InsecureSkipVerify: c.InsecureSkipVerify, Timeout: r.Connection().Timeout,
	}
	err := r.Call(ctx, func(ctx context.Context, client *connect.Client) error {
		_, err := adminv1connect.NewSessionServiceClient(client).Logout(ctx, &adminv1.LogoutRequest{})
		return err
	})
	if connect.CodeOf(err) == connect.CodeUnauthenticated {
		return nil
	}
	return err
}
