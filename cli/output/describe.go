package output

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// describe prints all that is set in m: its simple fields a line each, nested
// messages with dotted names among them, then a table for each list of messages.
func (p *Printer) describe(m protoreflect.Message) error {
	d := &description{p: p}
	d.walk(m, "")
	var out bytes.Buffer
	longest := 0
	for _, l := range d.lines {
		longest = max(longest, displayWidth(l.name))
	}
	for _, l := range d.lines {
		fmt.Fprintf(&out, "%s:%s%s\n", l.name, strings.Repeat(" ", longest-displayWidth(l.name)+len(gap)), Visible(l.text))
	}
	for _, t := range d.tables {
		fmt.Fprintf(&out, "%s:\n", t.name)
		if err := t.grid.Write(&out); err != nil {
			return err
		}
	}
	_, err := p.Out.Write(out.Bytes())
	return err
}

type description struct {
	p      *Printer
	lines  []struct{ name, text string }
	tables []struct {
		name string
		grid *Grid
	}
}

func (d *description) walk(m protoreflect.Message, prefix string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		name := prefix + title(f)
		switch {
		case simple(f):
			d.lines = append(d.lines, struct{ name, text string }{capital(name), Value(m, f)})
		case f.IsList():
			d.table(capital(name), m.Get(f).List(), f.Message())
		case !f.IsMap():
			d.walk(m.Get(f).Message(), name+".")
		}
	}
}

func (d *description) table(name string, list protoreflect.List, md protoreflect.MessageDescriptor) {
	rows := make([]protoreflect.Message, list.Len())
	for i := range rows {
		rows[i] = list.Get(i).Message()
	}
	v := d.p.viewOf(md, rows)
	g := NewGrid(v.columns...)
	g.indent = gap
	for _, m := range rows {
		g.Add(v.row(m.Interface())...)
	}
	d.tables = append(d.tables, struct {
		name string
		grid *Grid
	}{name, g})
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
