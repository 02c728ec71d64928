package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
)

func (c *subcommand) runCreate(ctx context.Context, args []string) error {
	in := c.newRequest()
	resource := c.target(in)
	if err := c.readFile(resource); err != nil {
		return err
	}
	if err := c.flags.Apply(resource); err != nil {
		return err
	}
	if err := c.nameIt(resource, args); err != nil {
		return err
	}
	out, err := c.call(ctx, in)
	if err != nil {
		return err
	}
	return c.printWritten(out)
}

// nameIt sets the name from the argument, which must not contradict --name or the document.
func (c *subcommand) nameIt(resource protoreflect.Message, args []string) error {
	if c.shape.arg == nil {
		return nil
	}
	name := resource.Get(c.shape.arg).String()
	if len(args) == 1 && name != "" && name != args[0] {
		return exit.Usagef("the argument says %s, but --%s or the file says %s", quoted(args[0]), c.shape.arg.Name(), quoted(name))
	}
	if err := c.setArg(resource, args); err != nil {
		return err
	}
	if resource.Get(c.shape.arg).String() == "" {
		return exit.Usagef("%s needs the %s", c.cmd.CommandPath(), c.argName())
	}
	return nil
}

func (c *subcommand) runUpdate(ctx context.Context, args []string) error {
	in := c.newRequest()
	resource := c.target(in)
	if err := c.readFile(resource); err != nil {
		return err
	}
	if err := c.flags.Apply(resource); err != nil {
		return err
	}
	if err := c.nameIt(resource, args); err != nil {
		return err
	}
	if c.file == "" {
		if err := c.setMask(in.ProtoReflect()); err != nil {
			return err
		}
	}
	out, err := c.call(ctx, in)
	if err != nil {
		return err
	}
	return c.printWritten(out)
}

// setMask says that only what the flags name is to change.
func (c *subcommand) setMask(in protoreflect.Message) error {
	paths := slices.DeleteFunc(c.flags.Paths(), func(path string) bool { return path == etagName })
	if len(paths) == 0 {
		return exit.Usagef("nothing to change: give a flag, or a document with -f")
	}
	mask := &fieldmaskpb.FieldMask{Paths: paths}
	in.Set(in.Descriptor().Fields().ByName(maskName), protoreflect.ValueOfMessage(mask.ProtoReflect()))
	return nil
}

func (c *subcommand) runDelete(ctx context.Context, args []string) error {
	in, err := c.request(args)
	if err != nil {
		return err
	}
	out, err := c.call(ctx, in)
	if err != nil {
		return err
	}
	p := c.r.Printer()
	if p.Format != output.Table {
		return p.Message(out)
	}
	_, err = fmt.Fprintf(p.Out, "deleted %s from %s\n", strings.Join(args, ""), c.service.Use)
	return err
}

// printWritten prints what was created or changed. A secret that came with it
// is shown this once, so a table says that too.
func (c *subcommand) printWritten(answer proto.Message) error {
	p := c.r.Printer()
	m := answer.ProtoReflect()
	f := messageField(m.Descriptor())
	if p.Format != output.Table || f == nil {
		return p.Message(unwrap(answer))
	}
	if err := p.Row(m.Get(f).Message().Interface()); err != nil {
		return err
	}
	secret := m.Descriptor().Fields().ByName("secret")
	if secret == nil || m.Get(secret).String() == "" {
		return nil
	}
	return printSecret(p.Out, p.Notes, m.Get(secret).String())
}

func printSecret(out, notes io.Writer, secret string) error {
	if _, err := fmt.Fprintf(out, "\nSecret: %s\n", secret); err != nil {
		return err
	}
	_, err := fmt.Fprintln(notes, "The secret is shown this once and cannot be read again: store it now.")
	return err
}
