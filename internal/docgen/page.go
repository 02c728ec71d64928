package main

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// page is a Markdown page that is being written.
type page struct {
	bytes.Buffer
	// link gives where a message is described; empty: nowhere.
	link func(protoreflect.MessageDescriptor) string
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// table describes fields. notes adds to what is said of one.
func (p *page) table(fields []protoreflect.FieldDescriptor, notes func(protoreflect.FieldDescriptor) string) {
	p.line("| field | type | |\n|---|---|---|")
	for _, f := range fields {
		var said []string
		for _, text := range []string{notes(f), sentence(comment(f)), sentence(limits(f))} {
			if text != "" {
				said = append(said, text)
			}
		}
		p.line("| `%s` | %s | %s |", f.Name(), p.typeOf(f), cell(strings.Join(said, " ")))
	}
	p.line("")
}

// typeOf says what a field holds.
func (p *page) typeOf(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "map of " + p.single(f.MapValue())
	case f.IsList():
		return "list of " + p.single(f)
	}
	return p.single(f)
}

func (p *page) single(f protoreflect.FieldDescriptor) string {
	if m := f.Message(); m != nil {
		switch m.FullName() {
		case "google.protobuf.Duration":
			return "duration"
		case "google.protobuf.Timestamp":
			return "time"
		case "google.protobuf.FieldMask":
			return "field mask"
		}
		if target := p.link(m); target != "" {
			return fmt.Sprintf("[%s](%s)", m.Name(), target)
		}
		return string(m.Name())
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return "boolean"
	case protoreflect.StringKind:
		return "text"
	case protoreflect.BytesKind:
		return "bytes"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "number"
	case protoreflect.EnumKind:
		return enumValues(f.Enum())
	}
	return "integer"
}

// enumValues lists what an enum knows, the unspecified one aside.
func enumValues(e protoreflect.EnumDescriptor) string {
	var names []string
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); v.Number() != 0 {
			names = append(names, "`"+string(v.Name())+"`")
		}
	}
	return strings.Join(names, ", ")
}

// cell makes text fit into a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func anchor(name protoreflect.Name) string { return "#" + strings.ToLower(string(name)) }
