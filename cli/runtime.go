package cli

import (
	"context"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/cli/proc"
)

// Config is what commands work with. All fields are required unless they say otherwise.
type Config struct {
	Env       *proc.Env
	Views     output.Views
	UserAgent string
	// Verdict is an error when an answer, or one of a stream, is not what was wanted; it is printed
	// all the same. Default: every answer is.
	Verdict func(answer proto.Message) error
}

// Runtime is what all commands share: the global flags and what follows from
// them. It belongs to one run of the program.
type Runtime struct {
	cfg    Config
	conn   conn.Options
	format output.Format
	lists  map[string]Method // that list what a command is about, by its noun
}

// New makes a Runtime.
func New(cfg Config) *Runtime {
	if cfg.Verdict == nil {
		cfg.Verdict = func(proto.Message) error { return nil }
	}
	return &Runtime{cfg: cfg, format: output.Table, lists: map[string]Method{}}
}

// BindGlobal adds the flags that every command has.
func (r *Runtime) BindGlobal(root *cobra.Command) {
	f := root.PersistentFlags()
	f.SortFlags = false
	f.VarP(&r.format, "output", "o", "table, json or yaml")
	r.conn.Bind(f)
	// It fails only for a flag that does not exist.
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.Formats(), cobra.ShellCompDirectiveNoFileComp))
	for _, flag := range []string{"server", "token", "username", "timeout"} {
		_ = root.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
}

// Env gives the surroundings of this run.
func (r *Runtime) Env() *proc.Env { return r.cfg.Env }

// Printer prints results as --output says.
func (r *Runtime) Printer() *output.Printer {
	return &output.Printer{Out: r.cfg.Env.Stdout, Notes: r.cfg.Env.Stderr, Format: r.format, Views: r.cfg.Views}
}

// Connect opens a connection, lends it to use, and closes it.
func (r *Runtime) Connect(ctx context.Context, use func(*connect.Client) error) error {
	openCtx, cancel := r.limit(ctx)
	defer cancel()
	c, err := r.conn.Open(openCtx, r.cfg.Env, r.cfg.UserAgent)
	if err != nil {
		return err
	}
	defer c.Close()
	return use(c.Client)
}

// limit gives one request its deadline.
func (r *Runtime) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.conn.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, r.conn.Timeout)
}

// Call connects and makes one request.
func (r *Runtime) Call(ctx context.Context, request func(context.Context, *connect.Client) error) error {
	return r.Connect(ctx, func(c *connect.Client) error {
		ctx, cancel := r.limit(ctx)
		defer cancel()
		return request(ctx, c)
	})
}
