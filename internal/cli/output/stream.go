package output

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// lines prints messages of a stream one under the other as they come. Columns grow with
// what is in them and never shrink, so what is printed stays aligned with what comes later.
type lines struct{ widths []int }

// line prints one message of a stream in its columns, the first below their names.
func (p *Printer) line(v View, m proto.Message) error {
	if p.lines == nil {
		p.lines = &lines{}
		header := make([]string, len(v.columns))
		for i, c := range v.columns {
			header[i] = strings.ToUpper(c)
		}
		if err := p.cells(header); err != nil {
			return err
		}
	}
	return p.cells(v.row(m))
}

func (p *Printer) cells(cells []string) error {
	var line strings.Builder
	for i, cell := range cells {
		cell = Visible(cell)
		if i == len(p.lines.widths) {
			p.lines.widths = append(p.lines.widths, 0)
		}
		p.lines.widths[i] = max(p.lines.widths[i], displayWidth(cell))
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", p.lines.widths[i]-displayWidth(cell)))
		line.WriteString(gap)
	}
	_, err := p.Out.Write([]byte(strings.TrimRight(line.String(), " ") + "\n"))
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
