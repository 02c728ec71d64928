package output

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// gap is the space between columns.
const gap = "  "

// Grid aligns cells in columns. Nothing is ever cut off: a cut id is of no use.
type Grid struct {
	header []string
	rows   [][]string
	indent string
}

// NewGrid starts a grid; the header is printed in capitals.
func NewGrid(header ...string) *Grid { return &Grid{header: header} }

// Add appends a row of as many cells as there are columns.
func (g *Grid) Add(cells ...string) { g.rows = append(g.rows, cells) }

// Write prints the grid.
func (g *Grid) Write(w io.Writer) error {
	all := make([][]string, 0, len(g.rows)+1)
	upper := make([]string, len(g.header))
	for i, h := range g.header {
		upper[i] = strings.ToUpper(h)
	}
	all = append(all, upper)
	for _, row := range g.rows {
		clean := make([]string, len(row))
		for i, cell := range row {
			clean[i] = Visible(cell)
		}
		all = append(all, clean)
	}
	widths := make([]int, len(g.header))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], displayWidth(cell))
		}
	}
	var out bytes.Buffer
	for _, row := range all {
		var line strings.Builder
		line.WriteString(g.indent)
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-displayWidth(cell)))
			line.WriteString(gap)
		}
		out.WriteString(strings.TrimRight(line.String(), " "))
		out.WriteByte('\n')
	}
	_, err := w.Write(out.Bytes())
	return err
}

// displayWidth counts terminal cells: East Asian wide characters take two.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
