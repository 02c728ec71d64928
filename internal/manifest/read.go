package manifest

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	maxFaults = 50 // listed in one error

	// maxAliased bounds how many nodes are reached through YAML aliases, and so what a
	// few bytes of nested aliases can grow to, cycles included.
	maxAliased = 100_000
)

// Read reads documents in the order in which they stand. lookupEnv gives the variables
// for ${NAME}, as os.LookupEnv does; one that is not set is an error. All faults are
// reported at once, each with its line and field, and never with a value.
func Read(r io.Reader, lookupEnv func(string) (string, bool)) ([]proto.Message, error) {
	documents, err := parse(r)
	if err != nil {
		return nil, err
	}
	d := &decoder{lookupEnv: lookupEnv, budget: maxAliased}
	seen := map[[2]string]int{} // kind and name -> line
	var messages []proto.Message
	for _, n := range documents {
		m, ok := d.document(n)
		if !ok {
			continue
		}
		kind, name := string(m.ProtoReflect().Descriptor().Name()), nameOf(m)
		if line, ok := seen[[2]string{kind, name}]; ok {
			d.fault(n, "", "%s %q is on line %d already", kind, name, line)
			continue
		}
		seen[[2]string{kind, name}] = n.Line
		messages = append(messages, m)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return messages, nil
}

// nameOf gives a document's name; empty for a kind of which there is one.
func nameOf(m proto.Message) string {
	named, ok := m.(interface{ GetName() string })
	if !ok {
		return ""
	}
	return named.GetName()
}

// decoder fills messages from YAML nodes and collects what is wrong.
type decoder struct {
	lookupEnv func(string) (string, bool)
	budget    int // nodes that may still be reached through aliases
	faults    []errs.Violation
	count     int // of faults, listed or not
}

func (d *decoder) fault(n *yaml.Node, path, format string, args ...any) {
	d.count++
	if len(d.faults) >= maxFaults {
		return
	}
	field := fmt.Sprintf("line %d", n.Line)
	if path != "" {
		field += ": " + path
	}
	d.faults = append(d.faults, errs.Violation{Field: field, Description: fmt.Sprintf(format, args...)})
}

func (d *decoder) err() error {
	if d.count == 0 {
		return nil
	}
	message := "manifest is not valid"
	if d.count > len(d.faults) {
		message += fmt.Sprintf(" (%d faults, these are the first %d)", d.count, len(d.faults))
	}
	return &errs.Error{Code: errs.InvalidArgument, Message: message, Violations: d.faults}
}

// document reads one document: its kind, then its fields.
func (d *decoder) document(n *yaml.Node) (proto.Message, bool) {
	before := d.count
	pairs, ok := d.pairs(n, "")
	if !ok {
		return nil, false
	}
	var kind *yaml.Node
	fields := pairs[:0]
	for _, p := range pairs {
		if p.key.Value == kindField {
			kind = p.value
		} else {
			fields = append(fields, p)
		}
	}
	known := strings.Join(kinds(), ", ")
	if kind == nil {
		d.fault(n, kindField, "is missing; it is one of %s", known)
		return nil, false
	}
	if kind, ok = d.follow(kind, kindField); !ok {
		return nil, false
	}
	m, ok := newMessage(kind.Value)
	if kind.Kind != yaml.ScalarNode || !ok {
		d.fault(kind, kindField, "must be one of %s", known)
		return nil, false
	}
	d.fields(fields, "", m.ProtoReflect())
	if fd := m.ProtoReflect().Descriptor().Fields().ByName("name"); fd != nil && d.count == before && nameOf(m) == "" {
		d.fault(n, "name", "is missing")
	}
	return m, d.count == before
}

// message fills m from a mapping.
func (d *decoder) message(n *yaml.Node, path string, m protoreflect.Message) {
	if pairs, ok := d.pairs(n, path); ok {
		d.fields(pairs, path, m)
	}
}

func (d *decoder) fields(pairs []pair, path string, m protoreflect.Message) {
	for _, p := range pairs {
		at := join(path, p.key.Value)
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(p.key.Value))
		if fd == nil {
			d.fault(p.key, at, "is not a field of %s", m.Descriptor().Name())
			continue
		}
		value, ok := d.follow(p.value, at)
		if !ok || isNull(value) { // null is the same as leaving the field out
			continue
		}
		if oneof := fd.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() && m.WhichOneof(oneof) != nil {
			d.fault(p.key, at, "excludes %s, which is set too", m.WhichOneof(oneof).Name())
			continue
		}
		switch {
		case fd.IsList():
			d.list(value, at, fd, m.Mutable(fd).List())
		case fd.IsMap():
			d.mapping(value, at, fd, m.Mutable(fd).Map())
		case isStructure(fd):
			d.message(value, at, m.Mutable(fd).Message())
		default:
			if v, ok := d.scalar(value, at, fd); ok {
				m.Set(fd, v)
			}
		}
	}
}

func (d *decoder) list(n *yaml.Node, path string, fd protoreflect.FieldDescriptor, into protoreflect.List) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "must be a list")
		return
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		item, ok := d.follow(item, at)
		if !ok {
			return
		}
		if isStructure(fd) {
			element := into.NewElement()
			d.message(item, at, element.Message())
			into.Append(element)
		} else if v, ok := d.scalar(item, at, fd); ok {
			into.Append(v)
		}
	}
}

func (d *decoder) mapping(n *yaml.Node, path string, fd protoreflect.FieldDescriptor, into protoreflect.Map) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	for _, p := range pairs {
		at := fmt.Sprintf("%s[%q]", path, p.key.Value)
		value, ok := d.follow(p.value, at)
		if !ok {
			return
		}
		if v, ok := d.scalar(value, at, fd.MapValue()); ok {
			into.Set(protoreflect.ValueOfString(p.key.Value).MapKey(), v)
		}
	}
}

// isStructure tells messages with fields of their own from those written as a scalar.
func isStructure(fd protoreflect.FieldDescriptor) bool {
	m := fd.Message()
	return m != nil && m.FullName() != durationName && m.FullName() != timestampName
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}
