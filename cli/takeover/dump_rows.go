package takeover

import (
	"errors"
	"strconv"
	"strings"
)

// copied reads the rows of a COPY of pg_dump, to the line that ends it.
func (d *dump) copied(table *Node, columns []string, text string, line int) (used int, err error) {
	for row := range strings.Lines(text) {
		used += len(row)
		row = strings.TrimRight(row, "\r\n")
		if row == `\.` {
			return used, nil
		}
		var values []*string
		for field := range strings.SplitSeq(row, "\t") {
			if field == `\N` {
				values = append(values, nil)
				continue
			}
			value := unescape(field, 'C')
			values = append(values, &value)
		}
		if err := d.add(table, columns, values, line); err != nil {
			return used, err
		}
		line++
	}
	return used, errors.New("a COPY is not terminated: the dump is truncated")
}

// inserted reads the rows behind VALUES, to the semicolon that ends them.
func (d *dump) inserted(table *Node, columns []string, text string, line int) (used int, err error) {
	s := &scanner{text: text, line: line, mysql: d.mysql}
	for {
		if !s.take('(') {
			return s.at, errors.New("a row of an INSERT does not start with a parenthesis")
		}
		begin, values := s.line, []*string(nil)
		for {
			value, err := s.value()
			if err != nil {
				return s.at, err
			}
			values = append(values, value)
			if s.take(')') {
				break
			}
			if !s.take(',') {
				return s.at, errors.New("cannot read a value of an INSERT: dump without --hex-blob and without functions")
			}
		}
		if err := d.add(table, columns, values, begin); err != nil {
			return s.at, err
		}
		if s.take(';') {
			return s.at, nil
		}
		if !s.take(',') {
			return s.at, errors.New("an INSERT is not terminated: the dump is truncated")
		}
	}
}

// scanner reads values of an INSERT.
type scanner struct {
	text     string
	at, line int
	mysql    bool // a backslash in a text begins an escape
}

// take passes over white space, and over a character if it is the next.
func (s *scanner) take(c byte) bool {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		if s.text[s.at] == '\n' {
			s.line++
		}
		s.at++
	}
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// value reads a text in quotes, a number, or a word; NULL is nil.
func (s *scanner) value() (*string, error) {
	s.take(0) // white space
	escapes := s.mysql
	for _, prefix := range []string{"E'", "_binary '"} {
		if strings.HasPrefix(s.text[s.at:], prefix) {
			s.at, escapes = s.at+len(prefix)-1, true
		}
	}
	if !s.take('\'') {
		end := s.at + max(0, strings.IndexAny(s.text[s.at:], ",) \r\n"))
		word := s.text[s.at:end]
		if s.at = end; strings.EqualFold(word, "NULL") {
			return nil, nil
		}
		if _, err := strconv.ParseFloat(word, 64); err != nil && !strings.EqualFold(word, "true") && !strings.EqualFold(word, "false") {
			return nil, errors.New("a value of an INSERT is neither a number nor a string: dump without --hex-blob and without functions")
		}
		return &word, nil
	}
	begin := s.at
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\n':
			s.line++
		case '\\':
			if escapes {
				s.at++
			}
		case '\'':
			if s.at+1 < len(s.text) && s.text[s.at+1] == '\'' {
				s.at++
				continue
			}
			value := strings.ReplaceAll(s.text[begin:s.at], "''", "'")
			if escapes {
				value = unescape(value, 'M')
			}
			s.at++
			return &value, nil
		}
	}
	return nil, errors.New("a string is not terminated: the dump is truncated")
}

// unescape reads the escapes of COPY (how 'C') or of MySQL (how 'M').
func unescape(text string, how byte) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	known := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b'}
	if how == 'C' {
		known['f'], known['v'] = '\f', '\v'
	} else {
		known['0'], known['Z'] = 0, 26
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if c, ok := known[text[i]]; ok {
			out.WriteByte(c)
		} else {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}
