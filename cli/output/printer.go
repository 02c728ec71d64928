// Package output prints protobuf messages for people, as tables, and for
// programs, as JSON or YAML with the field names of the API.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Format is how results are printed.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	YAML  Format = "yaml"
)

// Formats lists them, for help and completion.
func Formats() []string { return []string{string(Table), string(JSON), string(YAML)} }

// String implements pflag.Value.
func (f *Format) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *Format) Type() string { return "format" }

// Set implements pflag.Value.
func (f *Format) Set(s string) error {
	if !slices.Contains(Formats(), s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(Formats(), ", "))
	}
	*f = Format(s)
	return nil
}

// Printer writes results to Out, and remarks that are no part of a result to Notes.
type Printer struct {
	Out, Notes io.Writer
	Format     Format
	Views      Views

	lines *lines // of the stream that is printed
}

// List prints a response whose one list of messages is the result: a row each.
// An empty table is a remark, so that a pipe gets nothing; what the response says in words beside its list is one too.
func (p *Printer) List(response proto.Message, noun string) error {
	if p.Format != Table {
		return p.encode(response)
	}
	m := response.ProtoReflect()
	items := Items(m.Descriptor())
	if items == nil {
		return p.Message(response)
	}
	list := m.Get(items).List()
	if list.Len() == 0 {
		if _, err := fmt.Fprintf(p.Notes, "no %s\n", noun); err != nil {
			return err
		}
		return p.beside(m)
	}
	rows := make([]protoreflect.Message, list.Len())
	for i := range rows {
		rows[i] = list.Get(i).Message()
	}
	if err := p.rows(items.Message(), rows); err != nil {
		return err
	}
	return p.beside(m)
}

// beside remarks what a response says in words beside its list, such as which nodes are waited for.
func (p *Printer) beside(m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Kind() != protoreflect.StringKind || f.Name() == "next_page_token" || !m.Has(f) {
			continue
		}
		if _, err := fmt.Fprintf(p.Notes, "%s: %s\n", title(f), Visible(Value(m, f))); err != nil {
			return err
		}
	}
	return nil
}

// Row prints one message as a list of one.
func (p *Printer) Row(m proto.Message) error {
	if p.Format != Table {
		return p.encode(m)
	}
	return p.rows(m.ProtoReflect().Descriptor(), []protoreflect.Message{m.ProtoReflect()})
}

// Values prints what is no message of the API: the grid as a table, else v, which
// encoding/json knows how to write.
func (p *Printer) Values(grid *Grid, v any) error {
	if p.Format == Table {
		return grid.Write(p.Out)
	}
	return p.Value(v)
}

// Value prints what is no message as JSON or YAML.
func (p *Printer) Value(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return p.write(b)
}

// Message prints all of one message.
func (p *Printer) Message(m proto.Message) error {
	if p.Format != Table {
		return p.encode(m)
	}
	if parts := p.parts(m.ProtoReflect()); parts != nil {
		return p.sections(parts)
	}
	return p.describe(m.ProtoReflect())
}

// Event prints one message of a stream: JSON on one line, YAML as a document of its own,
// the bytes of a file as they are.
func (p *Printer) Event(m proto.Message) error {
	if f := Raw(m.ProtoReflect().Descriptor()); f != nil {
		_, err := p.Out.Write(m.ProtoReflect().Get(f).Bytes())
		return err
	}
	if v, ok := p.Views[m.ProtoReflect().Descriptor().FullName()]; ok && p.Format == Table {
		return p.line(v, m)
	}
	switch p.Format {
	case JSON:
		b, err := compactJSON(m)
		if err != nil {
			return err
		}
		_, err = p.Out.Write(append(b, '\n'))
		return err
	case YAML:
		if _, err := io.WriteString(p.Out, "---\n"); err != nil {
			return err
		}
	}
	return p.Message(m)
}

func (p *Printer) encode(m proto.Message) error {
	b, err := compactJSON(m)
	if err != nil {
		return err
	}
	return p.write(b)
}

// write prints JSON as the format says.
func (p *Printer) write(b []byte) (err error) {
	if p.Format == YAML {
		b, err = toYAML(b)
	} else {
		var indented bytes.Buffer
		err = json.Indent(&indented, b, "", "  ")
		indented.WriteByte('\n')
		b = indented.Bytes()
	}
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	_, err = p.Out.Write(b)
	return err
}

// compactJSON writes fields that have no presence even when they are zero, so
// that a script finds every list and number. protojson varies its white space
// on purpose; a script that compares output must not see that.
func compactJSON(m proto.Message) ([]byte, error) {
	b, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return compact.Bytes(), nil
}

// toYAML rewrites JSON in block style, keys in the same order.
func toYAML(b []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	blockStyle(&doc)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// blockStyle undoes the braces and quotes of JSON where YAML needs none.
func blockStyle(n *yaml.Node) {
	if len(n.Content) > 0 || (n.Kind == yaml.ScalarNode && plain(n.Value)) {
		n.Style = 0
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}

// plain reports whether every YAML reader, an old one too, takes s for text without quotes.
func plain(s string) bool {
	b, err := yaml.Marshal(s)
	return err == nil && string(b) == s+"\n"
}

// Items finds the one list of messages in a response, or nil when there is none or more than one.
func Items(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	var items protoreflect.FieldDescriptor
	for i := range md.Fields().Len() {
		f := md.Fields().Get(i)
		if !f.IsList() || f.Message() == nil {
			continue
		}
		if items != nil {
			return nil
		}
		items = f
	}
	return items
}
