// Package fieldflag makes command-line flags of the fields of a protobuf
// message, and lays the flags that were given over such a message.
//
// A nested message gives dotted flags (--policy.cooldown), a list or map takes
// repetition or commas, and each element of a list of messages is one flag in
// a compact form (--member provider=a,model=b). The fields of a message named filter are
// flags without its name. An empty value unsets a field. What a request may not set has no
// flag, and a secret may come from stdin or the environment.
package fieldflag

import (
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
)

// Options say how fields become flags. Env and Doc are required.
type Options struct {
	Env *proc.Env
	// Doc gives the comment of a field.
	Doc func(protoreflect.FieldDescriptor) string
	// Values gives what completion offers for a field of text; nil, or nothing, offers none.
	Values func(protoreflect.FieldDescriptor) []string
	// Names gives what completes a flag that names something; nil, or nothing: it names nothing.
	Names func(flag string) cobra.CompletionFunc
	// Skip leaves out fields that are given in another way; nil leaves out none.
	Skip func(protoreflect.FieldDescriptor) bool
}

// Set is the flags of one message.
type Set struct{ flags []*value }

// Bind adds a flag for each field of mt to cmd.
func Bind(cmd *cobra.Command, mt protoreflect.MessageType, opt Options) *Set {
	b := &binder{cmd: cmd, mt: mt, opt: &opt, set: &Set{}}
	b.walk(mt.Descriptor(), nil)
	return b.set
}

// Apply lays the given flags over m: what was not given stays as it is.
func (s *Set) Apply(m protoreflect.Message) error {
	for _, v := range s.flags {
		if !v.given {
			continue
		}
		if err := v.apply(m); err != nil {
			return err
		}
	}
	return nil
}

// Given reports whether any of the flags was.
func (s *Set) Given() bool {
	for _, v := range s.flags {
		if v.given {
			return true
		}
	}
	return false
}

// Paths gives the fields that the given flags name, as a field mask does.
func (s *Set) Paths() []string {
	var paths []string
	for _, v := range s.flags {
		if v.given {
			paths = append(paths, fieldPath(v.path))
		}
	}
	return paths
}

type binder struct {
	cmd *cobra.Command
	mt  protoreflect.MessageType
	opt *Options
	set *Set
}

func (b *binder) walk(md protoreflect.MessageDescriptor, at []protoreflect.FieldDescriptor) {
	for i := range md.Fields().Len() {
		f := md.Fields().Get(i)
		if !visibility.Settable(f) || (len(at) == 0 && b.opt.Skip != nil && b.opt.Skip(f)) {
			continue
		}
		path := append(at[:len(at):len(at)], f)
		if nested(f) {
			if !inside(f.Message(), md, at) {
				b.walk(f.Message(), path)
			}
			continue
		}
		b.bind(path)
	}
}

func (b *binder) bind(path []protoreflect.FieldDescriptor) {
	f := path[len(path)-1]
	v := &value{mt: b.mt, path: path, opt: b.opt, name: flagName(path)}
	b.set.flags = append(b.set.flags, v)
	fl := b.cmd.Flags().VarPF(v, v.name, "", usage(b.opt, f))
	switch {
	case f.Kind() == protoreflect.BoolKind && !f.IsList():
		fl.NoOptDefVal = "true"
		b.complete(v.name, "true", "false")
	case f.Enum() != nil && !f.IsMap():
		b.complete(v.name, enumname.All(f.Enum())...)
	case b.opt.Names != nil && b.opt.Names(v.name) != nil:
		_ = b.cmd.RegisterFlagCompletionFunc(v.name, b.opt.Names(v.name)) // as with complete
	case b.opt.Values != nil:
		b.complete(v.name, b.opt.Values(f)...)
	default:
		b.complete(v.name)
	}
	if visibility.Secret(f) {
		b.cmd.Flags().Var(&fromEnv{of: v}, v.name+"-env", "name of the environment variable that holds --"+v.name)
		b.complete(v.name + "-env")
		b.cmd.Flags().Var(&fromFile{of: v}, v.name+"-file", "file that holds --"+v.name)
	}
}

// complete offers values, and never file names, which no field takes.
func (b *binder) complete(flag string, values ...string) {
	// It fails only for a flag that does not exist or has completions already.
	_ = b.cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// flagName is the dotted path with dashes. A flag that gives one element of a
// list of messages is in the singular: --member.
func flagName(path []protoreflect.FieldDescriptor) string {
	if path[0].Name() == "filter" && len(path) > 1 {
		path = path[1:]
	}
	name := fieldPath(path)
	if f := path[len(path)-1]; f.IsList() && f.Message() != nil {
		name = strings.TrimSuffix(name, "s")
	}
	return strings.ReplaceAll(name, "_", "-")
}

func fieldPath(path []protoreflect.FieldDescriptor) string {
	names := make([]string, len(path))
	for i, f := range path {
		names[i] = string(f.Name())
	}
	return strings.Join(names, ".")
}

func usage(opt *Options, f protoreflect.FieldDescriptor) string {
	// pflag takes a word in back quotes for the name of the value.
	text := strings.ReplaceAll(strings.Join(strings.Fields(opt.Doc(f)), " "), "`", "'")
	switch {
	case visibility.Secret(f):
		text += " '-' asks for it, or reads it from stdin."
	case f.Message() != nil && f.Message().FullName() == timestampName:
		text += " As 2027-01-31T00:00:00Z, or relative to now: -15m, +720h."
	case f.IsMap():
		text += " Repeat, or separate with commas."
	case f.IsList() && f.Message() != nil:
		text += " Repeat for more. Keys: " + strings.Join(itemKeys(opt, f.Message(), nil), ", ") + "."
	case f.Enum() != nil:
		text += " One of " + strings.Join(enumname.All(f.Enum()), ", ") + "."
	}
	return strings.TrimSpace(text)
}

// nested reports whether f holds a message that is walked into rather than written as one value.
func nested(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && !f.IsList() && !f.IsMap() && !isScalarMessage(f.Message())
}

// inside reports whether md is one of the messages on the way to a field, itself included.
func inside(md, parent protoreflect.MessageDescriptor, at []protoreflect.FieldDescriptor) bool {
	if md == parent {
		return true
	}
	for _, f := range at {
		if f.ContainingMessage() == md {
			return true
		}
	}
	return false
}
