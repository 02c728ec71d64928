package takeover

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A dump of SQL is read as far as mysqldump and pg_dump write one: tables that are created, and rows as INSERT or
// COPY. It is no parser of SQL: whatever else begins a line is passed over.
var (
	dumpHead     = regexp.MustCompile(`(?i)^(?:--\s|/\*|SET |CREATE |INSERT |COPY |DROP |BEGIN|PRAGMA )`)
	createTable  = regexp.MustCompile(`^CREATE TABLE (?:IF NOT EXISTS )?([^ (]+) *\($`)
	createColumn = regexp.MustCompile("^\\s+[`\"]?(\\w+)[`\"]? ")
	insertInto   = regexp.MustCompile(`^INSERT INTO ([^ (]+) *(?:\(([^)]*)\) *)?VALUES *`)
	copyFrom     = regexp.MustCompile(`^COPY ([^ (]+) \(([^)]*)\) FROM stdin;$`)
	noColumn     = regexp.MustCompile(`^\s+(?:PRIMARY|UNIQUE|KEY|INDEX|FULLTEXT|CONSTRAINT|CHECK|FOREIGN)\b`)
)

// dump is one that is read.
type dump struct {
	root    *Node
	tables  []string
	columns map[string][]string
	budget  int
	mysql   bool // not of PostgreSQL or SQLite, whose texts have no escapes
}

// isDump reports whether a file is a dump of SQL. No YAML and no JSON begins so: a YAML document begins with three
// dashes, and no comment of SQL does.
func isDump(data []byte) bool {
	return dumpHead.Match(bytes.TrimLeft(data, "\ufeff \t\r\n")) && bytes.Contains(data, []byte(";"))
}

// readDump reads tables of a dump, as database does of a file.
func readDump(file string, data []byte, tables []string) (*Node, error) {
	if len(tables) == 0 {
		return nil, errors.New("it is a database dump, but this gateway's configuration is not")
	}
	head := data[:min(len(data), 4096)]
	mysql := !bytes.Contains(head, []byte("PostgreSQL database dump")) && !bytes.HasPrefix(head, []byte("PRAGMA "))
	d := &dump{mysql: mysql, root: &Node{File: file, kind: mapping}, tables: tables, columns: map[string][]string{}, budget: maxNodes}
	for rest, line := string(data), 1; rest != ""; {
		used, err := d.statement(rest, line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		line += strings.Count(rest[:used], "\n")
		rest = rest[used:]
	}
	if !slices.ContainsFunc(d.root.kids, func(n *Node) bool { return len(n.kids) > 0 }) {
		return nil, fmt.Errorf("it is an SQL dump without rows of %s: dump the data too, as text, with INSERT (mysqldump) or COPY (pg_dump)",
			strings.Join(tables, ", "))
	}
	return d.root, nil
}

// statement reads what begins at text, which is the beginning of a line, and returns how long that is.
func (d *dump) statement(text string, line int) (used int, err error) {
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimSuffix(first, "\r")
	length := min(len(text), len(first)+1+strings.Count(text[len(first):min(len(text), len(first)+1)], "\r"))
	if m := createTable.FindStringSubmatch(first); m != nil {
		return d.create(bare(m[1]), text), nil
	}
	if m := copyFrom.FindStringSubmatch(first); m != nil {
		more, err := d.copied(d.table(bare(m[1])), columnList(m[2]), text[length:], line+1)
		return length + more, err
	}
	if m := insertInto.FindStringSubmatch(first); m != nil {
		name := bare(m[1])
		columns := d.columns[name]
		if m[2] != "" {
			columns = columnList(m[2])
		}
		more, err := d.inserted(d.table(name), columns, text[len(m[0]):], line)
		return len(m[0]) + more, err
	}
	return length, nil
}

// create notes the columns of a table, each on a line of its own.
func (d *dump) create(name, text string) (used int) {
	for line := range strings.Lines(text) {
		used += len(line)
		if m := createColumn.FindStringSubmatch(line); m != nil && !noColumn.MatchString(line) {
			d.columns[name] = append(d.columns[name], m[1])
		}
		if strings.HasPrefix(line, ")") {
			break
		}
	}
	d.table(name)
	return used
}

// table gives the node of a table: a list where its rows are read.
func (d *dump) table(name string) *Node {
	if n := d.root.Get(name); n != nil {
		return n
	}
	n := d.root.child(name, 0)
	if n.text = "a table"; slices.Contains(d.tables, name) {
		n.kind, n.text = list, ""
	}
	return n
}

// add adds a row to a table whose rows are read.
func (d *dump) add(table *Node, columns []string, values []*string, line int) error {
	if !table.IsList() {
		return nil
	}
	if len(columns) != len(values) {
		return fmt.Errorf("a row of %s has %d values for %d columns: dump with table definitions or with column names", table.Key, len(values), len(columns))
	}
	if d.budget -= len(values); d.budget < 0 {
		return errors.New("it has too many rows")
	}
	table.row(line, columns, values)
	return nil
}

// bare is a name without its schema and its quotes.
func bare(name string) string {
	return strings.Trim(name[strings.LastIndexByte(name, '.')+1:], "`\"")
}

// columnList reads a list of columns.
func columnList(text string) (names []string) {
	for _, name := range strings.Split(text, ",") {
		names = append(names, bare(strings.TrimSpace(name)))
	}
	return names
}
