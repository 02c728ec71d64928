package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/manifest"
)

const (
	unset         = "(unset)"
	secretChanged = "secret: (changed)"
)

// followFields change only together with the secret, so they make no line of their own.
var followFields = map[protoreflect.Name]bool{
	"secret_hint": true, "secret_set_time": true, "prefix": true, "last_four": true,
	"old_secret_hash": true, "old_last_four": true, // old_secret_expire_time says it
}

// differences lists the fields in which two documents in stored form differ, in the order
// of the proto: path, old and new value. Lists are compared place by place. Of a secret it
// says only that it changed.
func differences(before, after proto.Message) []string {
	var d differ
	d.messages("", before.ProtoReflect(), after.ProtoReflect())
	return d.lines
}

type differ struct{ lines []string }

func (d *differ) line(path, before, after string) {
	d.lines = append(d.lines, fmt.Sprintf("%s: %s -> %s", path, before, after))
}

func (d *differ) messages(path string, a, b protoreflect.Message) {
	for _, fd := range inOrder(a.Descriptor()) {
		field := strings.TrimPrefix(path+"."+string(fd.Name()), ".")
		va, vb := a.Get(fd), b.Get(fd)
		switch {
		case followFields[fd.Name()]:
		case !visibility.Returned(fd): // it stands for a secret, and what it holds is never written
			if !va.Equal(vb) {
				d.lines = append(d.lines, strings.TrimPrefix(path+"."+secretChanged, "."))
			}
		case fd.IsMap():
			d.maps(field, fd, va.Map(), vb.Map())
		case fd.IsList():
			d.lists(field, fd, va.List(), vb.List())
		case isStructure(fd):
			d.structures(field, fd, a, b)
		case visibility.HidesURL(fd):
			d.urls(field, va.String(), vb.String())
		case a.Has(fd) != b.Has(fd) || !va.Equal(vb):
			d.line(field, present(a, fd), present(b, fd))
		}
	}
}

// urls tells that a URL changed, without what of it may be a secret.
func (d *differ) urls(path, a, b string) {
	shownA, shownB := shownURL(a), shownURL(b)
	switch {
	case a == b:
	case shownA == shownB:
		d.lines = append(d.lines, path+": "+shownA+": (changed)")
	default:
		d.line(path, shownA, shownB)
	}
}

func shownURL(u string) string {
	if u == "" {
		return unset
	}
	return strconv.Quote(visibility.HostOnly(u))
}

// structures compares a message field; one that is not there is like an empty one,
// except that its presence alone is a difference too.
func (d *differ) structures(path string, fd protoreflect.FieldDescriptor, a, b protoreflect.Message) {
	lines := len(d.lines)
	d.messages(path, a.Get(fd).Message(), b.Get(fd).Message())
	if len(d.lines) == lines && a.Has(fd) != b.Has(fd) {
		d.line(path, present(a, fd), present(b, fd))
	}
}

func (d *differ) lists(path string, fd protoreflect.FieldDescriptor, a, b protoreflect.List) {
	for i := range max(a.Len(), b.Len()) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case i >= a.Len():
			d.line(at, unset, text(fd, b.Get(i)))
		case i >= b.Len():
			d.line(at, text(fd, a.Get(i)), unset)
		case isStructure(fd):
			d.messages(at, a.Get(i).Message(), b.Get(i).Message())
		case !a.Get(i).Equal(b.Get(i)):
			d.line(at, text(fd, a.Get(i)), text(fd, b.Get(i)))
		}
	}
}

func (d *differ) maps(path string, fd protoreflect.FieldDescriptor, a, b protoreflect.Map) {
	keys := map[string]protoreflect.MapKey{}
	for _, m := range [...]protoreflect.Map{a, b} {
		m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys[k.String()] = k
			return true
		})
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		k := keys[name]
		if a.Has(k) && b.Has(k) && a.Get(k).Equal(b.Get(k)) {
			continue
		}
		before, after := unset, unset
		if a.Has(k) {
			before = text(fd.MapValue(), a.Get(k))
		}
		if b.Has(k) {
			after = text(fd.MapValue(), b.Get(k))
		}
		d.line(path+"["+strconv.Quote(name)+"]", before, after)
	}
}

func inOrder(md protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	fields := make([]protoreflect.FieldDescriptor, md.Fields().Len())
	for i := range fields {
		fields[i] = md.Fields().Get(i)
	}
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return cmp.Compare(a.Number(), b.Number()) })
	return fields
}

// isStructure tells messages with fields of their own from durations and times.
func isStructure(fd protoreflect.FieldDescriptor) bool {
	if fd.Message() == nil {
		return false
	}
	return fd.Message().FullName().Parent() != "google.protobuf"
}

func present(m protoreflect.Message, fd protoreflect.FieldDescriptor) string {
	if !m.Has(fd) {
		return unset
	}
	return text(fd, m.Get(fd))
}

// text writes one value on one line.
func text(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		return strconv.Quote(x)
	case protoreflect.Message:
		switch m := x.Interface().(type) {
		case *durationpb.Duration:
			return manifest.Duration(m.AsDuration())
		case *timestamppb.Timestamp:
			return m.AsTime().Format(time.RFC3339Nano)
		}
		return structureText(x)
	case protoreflect.EnumNumber:
		if value := fd.Enum().Values().ByNumber(x); value != nil {
			return string(value.Name())
		}
	}
	return fmt.Sprint(v.Interface())
}

// structureText writes the fields that are set, without anything of secrets.
func structureText(m protoreflect.Message) string {
	var parts []string
	for _, fd := range inOrder(m.Descriptor()) {
		if !m.Has(fd) || !visibility.Returned(fd) || followFields[fd.Name()] {
			continue
		}
		value := fieldText(fd, m.Get(fd))
		if visibility.HidesURL(fd) {
			value = shownURL(m.Get(fd).String())
		}
		parts = append(parts, string(fd.Name())+": "+value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func fieldText(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	var parts []string
	switch {
	case fd.IsList():
		for i := range v.List().Len() {
			parts = append(parts, text(fd, v.List().Get(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case fd.IsMap():
		v.Map().Range(func(k protoreflect.MapKey, mv protoreflect.Value) bool {
			parts = append(parts, strconv.Quote(k.String())+": "+text(fd.MapValue(), mv))
			return true
		})
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return text(fd, v)
}
