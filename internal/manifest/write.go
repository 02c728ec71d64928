package manifest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Write writes documents as Read reads them, in the order given: kind first, then the
// fields in the order of the proto, maps in the order of their keys. Output-only fields
// are left out. Equal messages give equal bytes.
func Write(w io.Writer, messages []proto.Message) error {
	if len(messages) == 0 {
		return nil
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	for _, m := range messages {
		kind := string(m.ProtoReflect().Descriptor().Name())
		if _, ok := newMessage(kind); !ok {
			return fmt.Errorf("write manifest: %s is not a kind of resource", kind)
		}
		n, err := structure(m.ProtoReflect())
		if err != nil {
			return fmt.Errorf("write manifest: %s %q: %w", kind, nameOf(m), err)
		}
		n.Content = append([]*yaml.Node{plain(kindField), plain(kind)}, n.Content...)
		if err := e.Encode(n); err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
	}
	if err := e.Close(); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// structure writes the fields of m that are set.
func structure(m protoreflect.Message) (*yaml.Node, error) {
	fields := make([]protoreflect.FieldDescriptor, 0, m.Descriptor().Fields().Len())
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if written(fd) {
			fields = append(fields, fd)
		}
		return true
	})
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return cmp.Compare(a.Number(), b.Number()) })
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, fd := range fields {
		value, err := field(fd, m.Get(fd))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fd.Name(), err)
		}
		n.Content = append(n.Content, plain(string(fd.Name())), value)
	}
	return n, nil
}

func field(fd protoreflect.FieldDescriptor, v protoreflect.Value) (*yaml.Node, error) {
	switch {
	case fd.IsList():
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.List().Len() {
			item, err := single(fd, v.List().Get(i))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
		}
		return n, nil
	case fd.IsMap():
		return mapping(fd, v.Map())
	}
	return single(fd, v)
}

func mapping(fd protoreflect.FieldDescriptor, m protoreflect.Map) (*yaml.Node, error) {
	var keys []string
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range keys {
		value, err := single(fd.MapValue(), m.Get(protoreflect.ValueOfString(k).MapKey()))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, quoted(k), value)
	}
	return n, nil
}

func single(fd protoreflect.FieldDescriptor, v protoreflect.Value) (*yaml.Node, error) {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return quoted(escape(v.String())), nil
	case protoreflect.BytesKind:
		return quoted(base64.StdEncoding.EncodeToString(v.Bytes())), nil
	case protoreflect.EnumKind:
		value := fd.Enum().Values().ByNumber(v.Enum())
		if value == nil {
			return nil, fmt.Errorf("%d is not a value of %s", v.Enum(), fd.Enum().Name())
		}
		return plain(string(value.Name())), nil
	case protoreflect.FloatKind:
		return plain(strconv.FormatFloat(v.Float(), 'g', -1, 32)), nil
	case protoreflect.DoubleKind:
		return plain(strconv.FormatFloat(v.Float(), 'g', -1, 64)), nil
	case protoreflect.MessageKind:
		switch m := v.Message().Interface().(type) {
		case *durationpb.Duration:
			return duration(m)
		case *timestamppb.Timestamp:
			if err := m.CheckValid(); err != nil {
				return nil, err
			}
			return plain(m.AsTime().Format(time.RFC3339Nano)), nil
		}
		return structure(v.Message())
	}
	return plain(fmt.Sprint(v.Interface())), nil // booleans and whole numbers
}

// duration writes a duration that is in range.
func duration(d *durationpb.Duration) (*yaml.Node, error) {
	if err := d.CheckValid(); err != nil {
		return nil, err
	}
	if limited := durationpb.New(d.AsDuration()); !proto.Equal(limited, d) {
		return nil, fmt.Errorf("%d seconds exceed the range of a duration", d.GetSeconds())
	}
	return plain(Duration(d.AsDuration())), nil
}

// Duration writes a duration as declarative files do: 5m rather than 5m0s.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// plain is a scalar that needs no quotes.
func plain(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// quoted is text. The library quotes what YAML would take for something else; text with
// unusual characters is quoted here, so that none is lost to folding.
func quoted(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	unusual := strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
	if unusual {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
