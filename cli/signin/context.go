package signin

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/contexts"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
)

// Context makes the context command.
func Context(r *cli.Runtime) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "context",
		Aliases: []string{"contexts"},
		Short:   "Choose between servers",
		Long: `A context is a server, how to reach it, and the token for it. Commands use the
current one, unless --context or $` + contexts.EnvContext + ` names another. $` + conn.EnvServer + `, $` + conn.EnvToken + `
and $` + conn.EnvTokenFile + ` override a context, and flags override both; a context's token is
never sent to any address but its own.

Contexts are stored in $` + contexts.EnvFile + `, else in trunkline/contexts.yaml in the
user's configuration directory ($XDG_CONFIG_HOME, else ~/.config).`,
		Args: cli.KnownSubcommand,
		RunE: cli.ShowHelp,
	}
	cmd.AddCommand(list(r), use(r), set(r), remove(r))
	return cmd
}

// shown is a context as JSON and YAML show it: without its token.
type shown struct {
	Name               string `json:"name"`
	Server             string `json:"server"`
	Current            bool   `json:"current"`
	SignedIn           bool   `json:"signed_in"`
	CAFile             string `json:"ca_file"`
	InsecureSkipVerify bool   `json:"insecure_skip_verify"`
}

func list(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the contexts, without their tokens", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			file, err := contexts.Load(r.Env())
			if err != nil {
				return err
			}
			p := r.Printer()
			if len(file.Contexts) == 0 && p.Format == output.Table {
				_, err = fmt.Fprintln(p.Notes, "no contexts")
				return err
			}
			grid, all := output.NewGrid("current", "name", "server", "signed in"), make([]shown, len(file.Contexts))
			for i, c := range file.Contexts {
				all[i] = shown{c.Name, c.Server, c.Name == file.Current, c.Token != "", c.CAFile, c.InsecureSkipVerify}
				grid.Add(mark(all[i].Current, "*", ""), c.Name, c.Server, mark(all[i].SignedIn, "yes", "no"))
			}
			return p.Values(grid, all)
		},
	}
}

func mark(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func use(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Make a context the current one", Args: cobra.ExactArgs(1), ValidArgsFunction: completeContexts(r),
		RunE: func(_ *cobra.Command, args []string) error {
			return change(r, func(file *contexts.File) (string, error) {
				c, err := file.Must(args[0])
				if err != nil {
					return "", err
				}
				file.Current = c.Name
				return fmt.Sprintf("context %s is the current one: %s", c.Name, c.Server), nil
			})
		},
	}
}

func set(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use:   "set NAME --server ADDRESS",
		Short: "Create or change a context",
		Long: `Create a context from --server, --ca-file, --insecure-skip-verify and --token-file, or
change what these flags name. Changing the server removes the token, which was for
the old one. The first context becomes the current one.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeContexts(r),
		RunE: func(cmd *cobra.Command, args []string) error {
			return change(r, func(file *contexts.File) (string, error) { return put(cmd, r, file, args[0]) })
		},
	}
}

func put(cmd *cobra.Command, r *cli.Runtime, file *contexts.File, name string) (string, error) {
	if name == "" || !plaintext.IsPlain(name) {
		return "", exit.Usagef("the name of a context %s", plaintext.Rule)
	}
	o := r.Connection()
	c := contexts.Context{Name: name}
	if old := file.Get(name); old != nil {
		c = *old
	}
	if o.Server != "" {
		server, err := conn.ParseServer(o.Server)
		if err != nil {
			return "", err
		}
		if server.String() != c.Server {
			c.Server, c.Token = server.String(), ""
		}
	}
	if c.Server == "" {
		return "", exit.Usagef("a new context needs its --server")
	}
	if cmd.Flags().Changed("ca-file") {
		if c.CAFile = o.CAFile; c.CAFile != "" {
			full, err := filepath.Abs(c.CAFile)
			if err != nil {
				return "", err
			}
			c.CAFile = full
		}
	}
	if cmd.Flags().Changed("insecure-skip-verify") {
		c.InsecureSkipVerify = o.InsecureSkipVerify
	}
	if o.Token != "" || o.TokenFile != "" {
		token, err := o.GivenToken(r.Env())
		if err != nil {
			return "", err
		}
		c.Token = token
	}
	file.Put(c)
	if len(file.Contexts) == 1 {
		file.Current = name
	}
	return fmt.Sprintf("context %s is %s", name, c.Server), nil
}

func remove(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Forget a context; its token stays valid: logout revokes it",
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeContexts(r),
		RunE: func(_ *cobra.Command, args []string) error {
			return change(r, func(file *contexts.File) (string, error) {
				c, err := file.Must(args[0])
				if err != nil {
					return "", err
				}
				text := "deleted context " + c.Name
				if c.Token != "" {
					text += "; its token still works until it expires or is deleted"
				}
				file.Delete(args[0])
				return text, nil
			})
		},
	}
}

// change changes the file and says what was done.
func change(r *cli.Runtime, do func(*contexts.File) (done string, err error)) error {
	file, err := contexts.Load(r.Env())
	if err != nil {
		return err
	}
	done, err := do(file)
	if err != nil {
		return err
	}
	if err := file.Save(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(r.Printer().Out, done)
	return err
}

// completeContexts offers the names of the contexts there are.
func completeContexts(r *cli.Runtime) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		file, err := contexts.Load(r.Env())
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return file.Names(), cobra.ShellCompDirectiveNoFileComp
	}
}
