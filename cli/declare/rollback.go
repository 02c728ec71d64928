package declare

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Rollback makes the rollback command.
func Rollback(r *cli.Runtime) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "rollback REVISION",
		Short: "Go back to an older revision by creating a new one with its content",
		Long: `Go back to an older revision by creating a new one with its content, and print a line for
each change. Revoked keys stay revoked and deleted ones deleted; keys and
existing providers keep their current secrets. What cannot be restored is listed.
configs list-revisions lists the revisions.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRevisions(r),
		RunE: func(cmd *cobra.Command, args []string) error {
			revision, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || revision == 0 {
				return exit.Usagef("%q is not a revision: it is a number of 1 or more", args[0])
			}
			return rollBack(cmd.Context(), r, &adminv1.RollBackConfigRequest{Revision: revision, DryRun: dryRun})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change")
	return cmd
}

func rollBack(ctx context.Context, r *cli.Runtime, req *adminv1.RollBackConfigRequest) error {
	return r.Call(ctx, func(ctx context.Context, c *connect.Client) error {
		done, err := adminv1connect.NewConfigServiceClient(c).RollBackConfig(ctx, req)
		if err != nil {
			return err
		}
		p := r.Printer()
		if p.Format != output.Table {
			return p.Message(done)
		}
		var out bytes.Buffer
		writeChanges(&out, painter(r.Env().Colour(p.Out)), done.GetChanges())
		for _, e := range done.GetExceptions() {
			fmt.Fprintf(&out, "! %s %s: %s\n", e.GetKind(), output.Visible(e.GetName()), output.Visible(e.GetReason()))
		}
		t, verb := countChanges(done.GetChanges()), ""
		if req.GetDryRun() {
			verb = "to be "
		}
		fmt.Fprintf(&out, "%d %screated, %d %supdated, %d %sdeleted; revision %d\n",
			t.created, verb, t.updated, verb, t.deleted, verb, done.GetRevision())
		_, err = p.Out.Write(out.Bytes())
		return err
	})
}

// completeRevisions offers the latest revisions with who made them; without a server, nothing.
func completeRevisions(r *cli.Runtime) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), cli.CompletionTimeout)
		defer cancel()
		err := r.Complete(ctx, func(c *connect.Client) error {
			list, err := adminv1connect.NewConfigServiceClient(c).ListRevisions(ctx, &adminv1.ListRevisionsRequest{})
			for _, rev := range list.GetRevisions() {
				names = append(names, fmt.Sprintf("%d\t%s by %s", rev.GetRevision(), output.Time(rev.GetCommitTime()), output.Visible(rev.GetActor())))
			}
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
