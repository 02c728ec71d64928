package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/exit"
)

// CompletionTimeout is how long a pressed tab key may take: nobody waits longer.
const CompletionTimeout = 2 * time.Second

// argUsage is the part of the usage line after the command.
func (c *subcommand) argUsage() string {
	usage := " [flags]"
	switch {
	case c.shape.arg == nil:
		return usage
	case c.shape.arg.IsList():
		return " [" + c.argName() + "...]" + usage
	case c.argOptional():
		return " [" + c.argName() + "]" + usage
	default:
		return " " + c.argName() + usage
	}
}

func (c *subcommand) argName() string {
	name := strings.ToUpper(string(c.shape.arg.Name()))
	if c.shape.arg.IsList() {
		name = strings.TrimSuffix(name, "S")
	}
	return name
}

// argOptional: a new resource may be named by --name or in its document as well, a changed one in its document.
func (c *subcommand) argOptional() bool { return c.method.use == "create" }

func (c *subcommand) checkArgs(cmd *cobra.Command, args []string) error {
	switch {
	case c.shape.arg == nil && len(args) > 0:
		return exit.Usagef("%s takes no argument, got %s", cmd.CommandPath(), quoted(args[0]))
	case slices.Contains(args, ""):
		return exit.Usagef("%s: the %s is empty", cmd.CommandPath(), c.argName())
	case c.shape.arg != nil && c.shape.arg.IsList():
	case len(args) > 1:
		return exit.Usagef("%s takes one %s, got %d (a flag's value is joined with '=': --enabled=false)", cmd.CommandPath(), c.argName(), len(args))
	case c.shape.arg != nil && len(args) == 0 && !c.argOptional() && c.file == "":
		return exit.Usagef("%s needs the %s", cmd.CommandPath(), c.argName())
	}
	return nil
}

func (c *subcommand) setArg(m protoreflect.Message, args []string) error {
	switch {
	case c.shape.arg == nil || len(args) == 0:
	case c.shape.arg.IsList():
		names := m.Mutable(c.shape.arg).List()
		for _, name := range args {
			names.Append(protoreflect.ValueOfString(name))
		}
	case c.shape.arg.Kind() == protoreflect.StringKind:
		m.Set(c.shape.arg, protoreflect.ValueOfString(args[0]))
	default:
		n, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return exit.Usagef("%s is not a %s: it is a number", quoted(args[0]), c.shape.arg.Name())
		}
		m.Set(c.shape.arg, protoreflect.ValueOfUint64(n))
	}
	return nil
}

// noFiles keeps the shell from offering files beside names.
const noFiles = cobra.ShellCompDirectiveNoFileComp

// completeArgs offers the names of what exists. Without a server it offers nothing.
func (c *subcommand) completeArgs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if c.shape.arg == nil || c.method.use == "create" || len(args) > 0 && !c.shape.arg.IsList() {
		return nil, noFiles
	}
	list, ok := c.service.method("list")
	if !ok {
		return nil, noFiles
	}
	return c.names(cmd.Context(), list), noFiles
}

// nouns are the flags that name something, and the command that lists what they may name.
var nouns = map[string]string{
	"provider": "providers", "providers": "providers", "group": "groups", "groups": "groups", "api-key": "keys", "node": "nodes",
}

// completeName completes a flag that names something by what exists; nil: it names nothing. Without a server it
// offers nothing.
func (c *subcommand) completeName(flag string) cobra.CompletionFunc {
	if noun, is := nouns[flag]; is {
		return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			list, ok := c.r.lists[noun]
			if !ok {
				return nil, noFiles
			}
			return c.names(cmd.Context(), list), noFiles
		}
	}
	list, ok := c.service.method("list")
	if !ok {
		return nil
	}
	words := wordsOf(list, flag)
	if words == nil {
		return nil
	}
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return c.ask(cmd.Context(), func(ctx context.Context, client *connect.Client) ([]string, error) {
			return texts(ctx, client, list, 1, words, nil)
		}), noFiles
	}
}

// wordsOf is where the answer of a list says what a filter may be: the actions of the audit log; nil: nowhere.
func wordsOf(list Method, flag string) protoreflect.FieldDescriptor {
	f := list.out.Descriptor().Fields().ByName(protoreflect.Name(strings.ReplaceAll(flag, "-", "_") + "s"))
	if f == nil || !f.IsList() || f.Kind() != protoreflect.StringKind {
		return nil
	}
	return f
}

// names asks the server for the names of what exists.
func (c *subcommand) names(ctx context.Context, list Method) []string {
	return c.ask(ctx, func(ctx context.Context, client *connect.Client) ([]string, error) {
		return existing(ctx, client, list)
	})
}

// ask asks the server for words; nothing when it does not answer in time.
func (c *subcommand) ask(ctx context.Context, get func(context.Context, *connect.Client) ([]string, error)) (words []string) {
	ctx, cancel := context.WithTimeout(ctx, CompletionTimeout)
	defer cancel()
	err := c.r.Complete(ctx, func(client *connect.Client) (err error) {
		words, err = get(ctx, client)
		return err
	})
	if err != nil {
		return nil
	}
	return words
}

// existing lists identifiers, one page of them.
func existing(ctx context.Context, client *connect.Client, list Method) ([]string, error) {
	s := shapeOf(list)
	if s.items == nil || identifier(s.items.Message()) == nil {
		return nil, nil
	}
	return texts(ctx, client, list, s.wanted(), s.items, identifier(s.items.Message()))
}

// texts reads a field of text of each message in a list of an answer, or without a field the list's own texts.
func texts(ctx context.Context, client *connect.Client, list Method, size int, of, field protoreflect.FieldDescriptor) ([]string, error) {
	s, in := shapeOf(list), list.in.New()
	if s.paged() {
		in.Set(s.pageSize, protoreflect.ValueOfInt32(int32(size)))
	}
	out, err := list.do(ctx, client, in.Interface())
	if err != nil {
		return nil, err
	}
	items := out.ProtoReflect().Get(of).List()
	all := make([]string, items.Len())
	for i := range all {
		if field == nil {
			all[i] = items.Get(i).String()
		} else {
			all[i] = items.Get(i).Message().Get(field).String()
		}
	}
	return all, nil
}

// method finds a method of the service by its command.
func (s *Service) method(use string) (Method, bool) {
	for _, m := range s.Methods {
		if m.use == use {
			return m, true
		}
	}
	return Method{}, false
}
