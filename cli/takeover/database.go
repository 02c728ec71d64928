package takeover

import (
	"errors"

	"github.com/trunkline-ai/trunkline/cli/takeover/sqlitefile"
)

// database reads tables of a SQLite file. Each is a list of rows; others stand in the tree as names alone, for
// the report.
func database(file string, tables []string) (*Node, error) {
	if len(tables) == 0 {
		return nil, errors.New("it is a SQLite database, but this gateway's configuration is not")
	}
	found, err := sqlitefile.Read(file, tables)
	if err != nil {
		return nil, err
	}
	root := &Node{File: file, kind: mapping}
	for _, t := range found {
		n := root.child(t.Name, 0)
		if t.Rows == nil {
			n.text = "a table"
			continue
		}
		n.kind = list
		for _, row := range t.Rows {
			n.row(0, t.Columns, row)
		}
	}
	return root, nil
}

// row adds a row of a table to its list; nil is NULL.
func (n *Node) row(line int, columns []string, values []*string) {
	row := n.element(line)
	row.kind = mapping
	for i, column := range columns {
		if v := row.child(column, line); values[i] == nil {
			v.kind = null
		} else {
			v.text = *values[i]
		}
	}
}
