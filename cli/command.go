package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/fieldflag"
	"github.com/trunkline-ai/trunkline/internal/domain/choice"
)

// Command makes the command of a service.
func (r *Runtime) Command(s Service) *cobra.Command {
	short, long := docs(s.Doc)
	parent := &cobra.Command{Use: s.Use, Aliases: singular(s.Use), Short: short, Long: long, Args: KnownSubcommand, RunE: ShowHelp}
	if list, ok := s.method("list"); ok {
		r.lists[s.Use] = list
	}
	for _, m := range s.Methods {
		parent.AddCommand(r.method(&s, m).cmd)
	}
	if edit := r.edit(&s); edit != nil {
		parent.AddCommand(edit)
	}
	return parent
}

// singular lets people write provider for providers, as they will.
func singular(noun string) []string {
	if s := strings.TrimSuffix(noun, "s"); s != noun {
		return []string{s}
	}
	return nil
}

// KnownSubcommand refuses an argument that is no subcommand: cobra would print
// help and exit as if all was well.
func KnownSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := "unknown command " + quoted(args[0]) + " for " + quoted(cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2 // in letters; cobra's own default is set only where cobra itself complains
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return exit.Usagef("%s", text)
}

// ShowHelp is what a command does that only holds others.
func ShowHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// subcommand is the command of one method.
type subcommand struct {
	r       *Runtime
	service *Service
	method  Method
	shape   shape
	cmd     *cobra.Command
	flags   *fieldflag.Set
	file    string
	limit   int

	watch    bool
	interval time.Duration
}

func (r *Runtime) method(s *Service, m Method) *subcommand {
	c := &subcommand{r: r, service: s, method: m, shape: shapeOf(m)}
	short, long := docs(m.doc)
	c.cmd = &cobra.Command{Use: m.use, Short: short, Long: long, Args: c.checkArgs, RunE: c.run, DisableFlagsInUseLine: true}
	c.cmd.Flags().SortFlags = false
	c.cmd.ValidArgsFunction = c.completeArgs

	target := m.in
	if c.shape.resource != nil {
		target = c.newRequest().ProtoReflect().NewField(c.shape.resource).Message().Type()
	}
	if isDocument(target.Descriptor()) {
		c.cmd.Flags().StringVarP(&c.file, "file", "f", "", "file with the document, YAML or JSON; - is stdin. Flags win over it")
	}
	c.flags = fieldflag.Bind(c.cmd, target, fieldflag.Options{
		Env:    r.cfg.Env,
		Doc:    func(f protoreflect.FieldDescriptor) string { return s.Docs[f.FullName()] },
		Values: choice.Of,
		Names:  c.completeName,
		Skip:   c.notAFlag,
	})
	if c.shape.paged() {
		c.bindLimit()
	}
	if c.watchable() {
		c.bindWatch()
	}
	c.cmd.Use += c.argUsage()
	if m.use == "update" {
		c.cmd.Long += updateHelp
	}
	c.cmd.Long += roleHelp(m.in.Descriptor())
	return c
}

const updateHelp = `

Only what the flags name changes; with --etag only if nothing else changed
since. A list or map is replaced as a whole; an empty value (--flag '') puts a
field back to its default. With -f the document replaces it all.`

// notAFlag leaves out what paging, the positional argument and the output's form set. Create has
// --name too: there it is one property among the others.
func (c *subcommand) notAFlag(f protoreflect.FieldDescriptor) bool {
	switch f {
	case c.shape.pageSize, c.shape.pageToken:
		return true
	case c.shape.arg:
		return c.method.use != "create"
	}
	return f.Name() == readMaskName || f.Name() == etagName && c.method.use == "create" // what is new has none
}

func (c *subcommand) newRequest() proto.Message { return c.method.in.New().Interface() }

// run does what the method's shape asks for.
func (c *subcommand) run(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	switch {
	case c.watch:
		return c.runWatch(ctx, args)
	case c.method.stream:
		return c.runStream(ctx, args)
	case c.shape.items != nil:
		return c.runList(ctx, args)
	case c.method.use == "update" && c.shape.resource != nil:
		return c.runUpdate(ctx, args)
	case c.method.use == "create" && c.shape.resource != nil:
		return c.runCreate(ctx, args)
	case c.method.use == "delete":
		return c.runDelete(ctx, args)
	default:
		return c.runCall(ctx, args)
	}
}

// request makes the request of a method that is not about a whole resource.
func (c *subcommand) request(args []string) (proto.Message, error) {
	if c.limit < 0 {
		return nil, exit.Usagef("--limit must be 0 or more")
	}
	in := c.newRequest()
	if err := c.flags.Apply(c.target(in)); err != nil {
		return nil, err
	}
	return in, c.setArg(c.target(in), args)
}

// target is the message that flags and argument speak of.
func (c *subcommand) target(in proto.Message) protoreflect.Message {
	if c.shape.resource != nil {
		return in.ProtoReflect().Mutable(c.shape.resource).Message()
	}
	return in.ProtoReflect()
}

func (c *subcommand) runCall(ctx context.Context, args []string) error {
	in, err := c.request(args)
	if err != nil {
		return err
	}
	out, err := c.call(ctx, in)
	if err != nil {
		return err
	}
	return cmp.Or(c.r.Printer().Message(unwrap(out)), c.r.cfg.Verdict(out))
}

func (c *subcommand) runStream(ctx context.Context, args []string) error {
	in, err := c.request(args)
	if err != nil {
		return err
	}
	var verdict error // the first that is not what was wanted; the rest is shown all the same
	err = c.r.Connect(ctx, func(client *connect.Client) error {
		return c.method.invoke(ctx, client, in, func(event proto.Message) error {
			verdict = cmp.Or(verdict, c.r.cfg.Verdict(event))
			return c.r.Printer().Event(event)
		})
	})
	return cmp.Or(err, verdict)
}

// call connects, makes the one request and gives its answer.
func (c *subcommand) call(ctx context.Context, in proto.Message) (out proto.Message, err error) {
	err = c.r.Call(ctx, func(ctx context.Context, client *connect.Client) error {
		out, err = c.method.do(ctx, client, in)
		return err
	})
	return out, err
}

// do makes one request of a unary method.
func (m Method) do(ctx context.Context, client *connect.Client, in proto.Message) (out proto.Message, err error) {
	err = m.invoke(ctx, client, in, func(answer proto.Message) error {
		out = answer
		return nil
	})
	return out, err
}

// docs makes help of a comment: its first sentence, and all of it.
func docs(comment string) (short, long string) {
	short, _, _ = strings.Cut(strings.ReplaceAll(comment, "\n", " "), ". ")
	return strings.TrimSuffix(short, "."), comment
}

func quoted(s string) string { return `"` + s + `"` }
