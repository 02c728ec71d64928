// Package app is trunklinectl as a whole: all commands, and what a run of them
// leaves on the streams and as exit code.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/clientsetup"
	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/declare"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/presets"
	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/cli/signin"
	"github.com/trunkline-ai/trunkline/cli/takeover"
	"github.com/trunkline-ai/trunkline/cli/takeover/gptload"
	"github.com/trunkline-ai/trunkline/cli/takeover/litellm"
	"github.com/trunkline-ai/trunkline/cli/takeover/oneapi"
	"github.com/trunkline-ai/trunkline/cli/verdict"
	"github.com/trunkline-ai/trunkline/cli/view"
	build "github.com/trunkline-ai/trunkline/internal/version"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1cli"
)

// Name is the name of the program.
const Name = "trunklinectl"

const about = `Operate Trunkline through its admin API.

Commands for a resource (providers, groups, keys...) work on one at a time;
apply, diff, export and rollback work on the whole configuration.

List flags may be repeated or contain commas; write a comma inside a value as
\,. Durations are written as 30s or 5m. An empty value unsets a field.

Where: --server or $` + conn.EnvServer + `, else the context created by login,
       else ` + conn.DefaultServer + `.
Who:   --token-file or $` + conn.EnvTokenFile + `, --token or $` + conn.EnvToken + `, else the context's token.

`

// Run runs the program with its arguments and gives the exit code.
func Run(ctx context.Context, env *proc.Env, version string, args []string) int {
	env.Interrupted = ctx.Done()
	root, started := newRoot(env, version)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !*started {
		// Cobra's own complaints come before any command runs and have no type.
		err = exit.AsUsage(err)
	}
	// A signal that came while an editor ran was the editor's.
	if _, kept := errors.AsType[*cli.KeptError](err); err != nil && ctx.Err() != nil && !kept {
		err = ctx.Err()
	}
	exit.Report(env.Stderr, Name, err)
	return exit.Code(err)
}

// Tree is all commands, to be described and not to be run.
func Tree() *cobra.Command {
	nowhere := &proc.Env{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Now: time.Now,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	root, _ := newRoot(nowhere, "")
	root.InitDefaultCompletionCmd()
	return root
}

// newRoot builds the command tree. started tells whether a command got to run.
func newRoot(env *proc.Env, version string) (root *cobra.Command, started *bool) {
	started = new(bool)
	runtime := cli.New(cli.Config{Env: env, Views: view.All(), Verdict: verdict.Of, UserAgent: Name + "/" + version})
	root = &cobra.Command{
		Use:           Name,
		Short:         "Operate Trunkline",
		Long:          about + exit.Help,
		Version:       version + " (" + build.Build() + ")",
		Args:          cli.KnownSubcommand,
		RunE:          cli.ShowHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*started = true
		},
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n") // as the other programs say it
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(flagError)
	runtime.BindGlobal(root)
	root.AddGroup(&cobra.Group{ID: "who", Title: "Where and who:"}, &cobra.Group{ID: "one", Title: "One at a time:"}, &cobra.Group{ID: "many", Title: "Whole files:"})
	for _, s := range adminv1cli.Services() {
		add(root, "one", runtime.Command(s))
	}
	add(root, "one", clientsetup.Command(runtime))
	add(root, "many", declare.Apply(runtime), declare.Diff(runtime), declare.Export(runtime), declare.Rollback(runtime),
		presets.Command(runtime), takeover.Command(runtime, declare.Documents(runtime), litellm.Source{}, oneapi.OneAPI(), oneapi.NewAPI(), gptload.Source{}))
	add(root, "who", signin.Login(runtime), signin.Logout(runtime), signin.Context(runtime), whoAmI(runtime))
	return root, started
}

// Main runs the program as a process: SIGINT and SIGTERM end it in order.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, proc.OS(), version, os.Args[1:])
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}

// flagError names the flag without repeating its value, which may be a secret.
func flagError(_ *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return exit.Usagef("--%s: %s", invalid.GetFlag().Name, strings.TrimSpace(errors.Unwrap(invalid).Error()))
	}
	return exit.AsUsage(fmt.Errorf("%w", err))
}
