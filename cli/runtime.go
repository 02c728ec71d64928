package cli

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli/conn"
	"github.com/trunkline-ai/trunkline/cli/contexts"
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
	_ = root.RegisterFlagCompletionFunc("context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		file, err := contexts.Load(r.cfg.Env)
		if err != nil {
			return nil, noFiles
		}
		return file.Names(), noFiles
	})
	for _, flag := range []string{"server", "token", "username", "timeout"} {
		_ = root.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
}

// Env gives the surroundings of this run.
func (r *Runtime) Env() *proc.Env { return r.cfg.Env }

// Connection gives the flags that say where the server is and who asks. Commands that sign
// in change them before they connect.
func (r *Runtime) Connection() *conn.Options { return &r.conn }

// Printer prints results as --output says.
func (r *Runtime) Printer() *output.Printer {
	return &output.Printer{Out: r.cfg.Env.Stdout, Notes: r.cfg.Env.Stderr, Format: r.format, Views: r.cfg.Views}
}

// Connect opens a connection, lends it to use, and closes it.
func (r *Runtime) Connect(ctx context.Context, use func(*connect.Client) error) error {
	c, err := r.conn.Open(ctx, r.cfg.Env, r.cfg.UserAgent)
	if err != nil {
		return err
	}
	defer c.Close()
	return use(c.Client)
}

// Complete is Connect for a pressed tab key: nobody can be asked for a password then, and
// nothing may be printed.
func (r *Runtime) Complete(ctx context.Context, use func(*connect.Client) error) error {
	if r.conn.Username != "" {
		return errors.New("completion cannot prompt for a password")
	}
	quiet := *r.cfg.Env
	quiet.Stderr = io.Discard
	c, err := r.conn.Open(ctx, &quiet, r.cfg.UserAgent)
	if err != nil {
		return err
	}
	defer c.Close()
	return use(c.Client)
}

// Call connects and makes one request.
func (r *Runtime) Call(ctx context.Context, request func(context.Context, *connect.Client) error) error {
	return r.Connect(ctx, func(c *connect.Client) error {
		ctx, cancel := r.conn.Limit(ctx)
		defer cancel()
		return request(ctx, c)
	})
}
