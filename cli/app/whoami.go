package app

import (
	"context"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// whoAmI answers the first two questions when something does not work: does
// the address, and does the token.
func whoAmI(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show who you are to the server, and which server it is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.Call(cmd.Context(), func(ctx context.Context, c *connect.Client) error {
				me, err := adminv1connect.NewSessionServiceClient(c).WhoAmI(ctx, &adminv1.WhoAmIRequest{})
				if err != nil {
					return err
				}
				return r.Printer().Message(me)
			})
		},
	}
}
