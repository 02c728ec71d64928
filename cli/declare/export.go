package declare

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Export makes the export command.
func Export(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Write the whole configuration as a file for apply, without secrets",
		Long: `Write the whole configuration to stdout as YAML documents that apply reads.
Secrets are not included: when applied where the providers and keys exist, these
keep theirs; elsewhere add them, preferably as ${NAME} from the environment.
With -o json the API's response is written instead.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.Call(cmd.Context(), func(ctx context.Context, c *connect.Client) error {
				all, err := adminv1connect.NewConfigServiceClient(c).ExportConfig(ctx, &adminv1.ExportConfigRequest{})
				if err != nil {
					return err
				}
				p := r.Printer()
				if p.Format == output.JSON {
					return p.Message(all)
				}
				docs := make([]proto.Message, len(all.GetResources()))
				for i, res := range all.GetResources() {
					if docs[i] = documentOf(res); docs[i] == nil {
						return errors.New("the server has a kind of resource that this version does not know: use a newer trunklinectl")
					}
				}
				if err := manifest.Write(p.Out, docs); err != nil {
					return fmt.Errorf("write the configuration: %w", err)
				}
				return nil
			})
		},
	}
}
