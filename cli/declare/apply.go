// Package declare holds the commands that work on whole files of the
// configuration: apply makes it as the files say, diff says what that would
// change, export writes it as a file.
package declare

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// selection is what apply and diff have in common: the files, and what they leave out.
type selection struct {
	r     *cli.Runtime
	files []string
	prune bool
	at    uint64 // the revision that is expected; 0 is any
}

func (s *selection) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&s.files, "file", "f", nil,
		"file, directory (its .yaml, .yml and .json files) or - for stdin; repeat for more")
	cmd.Flags().BoolVar(&s.prune, "prune", false,
		"delete all documents that the files do not contain, except the settings; diff --prune lists them and what refers to them")
	cmd.Flags().Uint64Var(&s.at, "expect-revision", 0,
		"do nothing, and exit with code 4, unless the configuration is at this revision; 0 is any. diff, export and configs list-revisions show it")
	_ = cmd.RegisterFlagCompletionFunc("expect-revision", cobra.NoFileCompletions)
	cmd.Args = cobra.NoArgs
}

// resources reads the files.
func (s *selection) resources() ([]*adminv1.Resource, error) {
	if len(s.files) == 0 {
		return nil, exit.Usagef("give at least one file with -f; -f - is stdin")
	}
	all, err := readFiles(s.r.Env(), s.files)
	if err != nil {
		return nil, err
	}
	// Nothing at all is a wrong path or an empty pipe; with prune it would delete everything.
	if len(all) == 0 {
		return nil, errors.New("the files contain no resources")
	}
	return all, nil
}

const fileHelp = `

A file holds YAML documents, each with its kind and name, as export writes
them. ${NAME} stands for an environment variable; one that is not set is an error.`

// Apply makes the apply command.
func Apply(r *cli.Runtime) *cobra.Command {
	s := &selection{r: r}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Change the configuration to what files say, completely or not at all",
		Long: `Change the configuration to what the files say, in one transaction: completely or
not at all. Documents that the files do not contain are kept, unless --prune is given.` + fileHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			resources, err := s.resources()
			if err != nil {
				return err
			}
			if dryRun {
				_, err = s.diff(cmd.Context(), resources)
				return err
			}
			return s.apply(cmd.Context(), resources)
		},
	}
	s.bind(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change, like diff, but exit 0 either way")
	return cmd
}

// Diff makes the diff command.
func Diff(r *cli.Runtime) *cobra.Command {
	s := &selection{r: r}
	cmd := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show what apply would change",
		Long: fmt.Sprintf(`Show what apply would change, without changing it. Exits with 0 if nothing would
change, and with %d otherwise.`, exit.DifferencesSeen) + fileHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			resources, err := s.resources()
			if err != nil {
				return err
			}
			differences, err := s.diff(cmd.Context(), resources)
			if err == nil && differences {
				return exit.ErrDifferences
			}
			return err
		},
	}
	s.bind(cmd)
	return cmd
}

// Documents applies documents that are no files, or only shows what that would change.
func Documents(r *cli.Runtime) func(ctx context.Context, docs []proto.Message, dryRun bool) error {
	return func(ctx context.Context, docs []proto.Message, dryRun bool) error {
		resources := make([]*adminv1.Resource, len(docs))
		for i, doc := range docs {
			resources[i] = resourceOf(doc)
		}
		s := &selection{r: r}
		if dryRun {
			_, err := s.diff(ctx, resources)
			return err
		}
		return s.apply(ctx, resources)
	}
}

func (s *selection) apply(ctx context.Context, resources []*adminv1.Resource) error {
	return s.r.Call(ctx, func(ctx context.Context, c *connect.Client) error {
		done, err := adminv1connect.NewConfigServiceClient(c).ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: resources, Prune: s.prune, ExpectRevision: s.at})
		if err != nil {
			return err
		}
		p := s.r.Printer()
		if p.Format != output.Table {
			return p.Message(done)
		}
		return printApplied(p, done)
	})
}

// diff prints what apply would do, and reports whether that is anything.
func (s *selection) diff(ctx context.Context, resources []*adminv1.Resource) (differences bool, err error) {
	err = s.r.Call(ctx, func(ctx context.Context, c *connect.Client) error {
		found, err := adminv1connect.NewConfigServiceClient(c).DiffConfig(ctx, &adminv1.DiffConfigRequest{Resources: resources, Prune: s.prune, ExpectRevision: s.at})
		if err != nil {
			return err
		}
		differences = countChanges(found.GetChanges()).any()
		p := s.r.Printer()
		if p.Format != output.Table {
			return p.Message(found)
		}
		paint := painter(s.r.Env().Colour(p.Out))
		return printDiff(p, paint, found)
	})
	return differences, err
}
