// Package feature says what a node must know to serve a document of a snapshot as it is
// meant. Protobuf drops what a program does not know: without this, an older node would serve
// an API key without a restriction that is newer than the node.
//
// The control plane derives from the table in rules.go which features each document requires
// and writes them into the snapshot. A node that lacks one refuses that document and serves
// the rest. A new field of a snapshot's message needs a line in the table, or a test fails.
package feature

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Set is the features that a node has.
type Set map[string]bool

// Known are the features that this build knows, dialects aside: these are what the node can
// speak to, see Dialect.
func Known() Set {
	s := Set{}
	for _, f := range known {
		s[f] = true
	}
	return s
}

// With is the set and more.
func (s Set) With(more ...string) Set {
	out := Set{}
	for f := range s {
		out[f] = true
	}
	for _, f := range more {
		out[f] = true
	}
	return out
}

// Missing lists what is required and not in the set.
func (s Set) Missing(required []string) (missing []string) {
	for _, f := range required {
		if !s[f] {
			missing = append(missing, f)
		}
	}
	return missing
}

// Dialect is the feature of nodes that can speak to providers of a dialect.
func Dialect(name string) string { return rules["Provider.dialect"].prefix + name }

// Required lists the features that a document of a snapshot requires, sorted; nil when every
// node can serve it.
func Required(document proto.Message) []string {
	var out []string
	required(document.ProtoReflect(), &out)
	slices.Sort(out)
	return slices.Compact(out)
}

func required(m protoreflect.Message, out *[]string) {
	for _, f := range fields[m.Descriptor().FullName()] {
		if !m.Has(f.descriptor) {
			continue
		}
		value := m.Get(f.descriptor)
		switch {
		case !f.descriptor.IsList():
			f.add(value, out)
		default:
			for i, list := 0, value.List(); i < list.Len(); i++ {
				f.add(list.Get(i), out)
			}
		}
	}
}

// add adds what one value requires.
func (f *field) add(value protoreflect.Value, out *[]string) {
	switch {
	case f.descriptor.Message() != nil && f.feature == "":
		required(value.Message(), out)
	case f.feature != "":
		*out = append(*out, f.feature)
	case !slices.Contains(f.base, value.String()):
		*out = append(*out, f.prefix+value.String())
	}
}
