package output

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// View is how messages of one type look in a table.
type View struct {
	name    protoreflect.FullName
	columns []string
	row     func(proto.Message) []string
}

// Views are the views by message type. A message without one shows its simple fields.
type Views map[protoreflect.FullName]View

// ViewOf says that messages of type M have these columns, and what stands in them.
func ViewOf[M proto.Message](row func(M) []string, columns ...string) View {
	var zero M
	return View{
		name:    zero.ProtoReflect().Descriptor().FullName(),
		columns: columns,
		row:     func(m proto.Message) []string { return row(m.(M)) },
	}
}

// NewViews gathers views.
func NewViews(views ...View) Views {
	all := Views{}
	for _, v := range views {
		all[v.name] = v
	}
	return all
}

// viewOf gives the view of a type: the one that was made for it, or all the
// simple fields that any of the rows has.
func (p *Printer) viewOf(md protoreflect.MessageDescriptor, rows []protoreflect.Message) View {
	if v, ok := p.Views[md.FullName()]; ok {
		return v
	}
	var fields []protoreflect.FieldDescriptor
	v := View{name: md.FullName()}
	for i := range md.Fields().Len() {
		if f := md.Fields().Get(i); simple(f) && anyHas(rows, f) {
			fields = append(fields, f)
			v.columns = append(v.columns, title(f))
		}
	}
	v.row = func(m proto.Message) []string {
		cells := make([]string, len(fields))
		for i, f := range fields {
			cells[i] = Value(m.ProtoReflect(), f)
		}
		return cells
	}
	return v
}

func (p *Printer) rows(md protoreflect.MessageDescriptor, rows []protoreflect.Message) error {
	v := p.viewOf(md, rows)
	t := NewGrid(v.columns...)
	for _, m := range rows {
		t.Add(v.row(m.Interface())...)
	}
	return t.Write(p.Out)
}

func anyHas(rows []protoreflect.Message, f protoreflect.FieldDescriptor) bool {
	for _, m := range rows {
		if m.Has(f) {
			return true
		}
	}
	return false
}
