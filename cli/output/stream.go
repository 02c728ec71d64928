package output

import (
	"io"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// lines prints messages of a stream one under the other as they come. Columns grow with
// what is in them and never shrink, so what is printed stays aligned with what comes later.
type lines struct{ widths []int }

// line prints one message of a stream in its columns, the first below their names.
func (p *Printer) line(v View, m proto.Message) error {
	row := v.row(m)
	for i := range row {
		row[i] = Visible(row[i])
	}
	if p.lines != nil {
		return p.lines.print(p.Out, row)
	}
	p.lines = &lines{widths: make([]int, len(row))}
	p.lines.grow(row) // so that the names stand above what they name
	names := make([]string, len(v.columns))
	for i, c := range v.columns {
		names[i] = strings.ToUpper(c)
	}
	if err := p.lines.print(p.Out, names); err != nil {
		return err
	}
	return p.lines.print(p.Out, row)
}

func (l *lines) grow(cells []string) {
	for i, cell := range cells {
		l.widths[i] = max(l.widths[i], displayWidth(cell))
	}
}

func (l *lines) print(out io.Writer, cells []string) error {
	l.grow(cells)
	var line strings.Builder
	for i, cell := range cells {
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", l.widths[i]-displayWidth(cell)))
		line.WriteString(gap)
	}
	_, err := io.WriteString(out, strings.TrimRight(line.String(), " ")+"\n")
	return err
}

// Raw gives the field of a stream's messages that holds the bytes of a file; nil when they
// are something else: messages with nothing but bytes named data.
func Raw(md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if md.Fields().Len() != 1 {
		return nil
	}
	if f := md.Fields().Get(0); f.Name() == "data" && f.Kind() == protoreflect.BytesKind && !f.IsList() {
		return f
	}
	return nil
}
