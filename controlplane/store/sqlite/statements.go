package sqlite

import (
	"container/list"
	"context"
	"database/sql/driver"
)

// maxStatements is how many statements a connection keeps prepared.
const maxStatements = 64

// statements are the prepared statements of a connection, by their text: to parse what stores a batch of
// calls takes as long as to run it. Like the connection they are for one goroutine at a time.
type statements struct {
	byText map[string]*list.Element
	used   *list.List // of *prepared, the last used first
}

type prepared struct {
	text string
	preparedStmt
	busy bool // its rows are being read
}

// preparedStmt is what statements of the driver can do.
type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newStatements() *statements {
	return &statements{byText: map[string]*list.Element{}, used: list.New()}
}

// prepare returns the statement of a text; nil when it is in use, or when the driver has none that fits.
func (s *statements) prepare(ctx context.Context, conn driver.ConnPrepareContext, text string) (*prepared, error) {
	if e := s.byText[text]; e != nil {
		p := e.Value.(*prepared)
		if p.busy {
			return nil, nil
		}
		s.used.MoveToFront(e)
		return p, nil
	}
	stmt, err := conn.PrepareContext(ctx, inOrder(text))
	if err != nil {
		return nil, err
	}
	able, ok := stmt.(preparedStmt)
	if !ok {
		return nil, stmt.Close()
	}
	if s.used.Len() >= maxStatements {
		s.forget()
	}
	p := &prepared{text: text, preparedStmt: able}
	s.byText[text] = s.used.PushFront(p)
	return p, nil
}

// forget closes the statement that was used longest ago.
func (s *statements) forget() {
	for e := s.used.Back(); e != nil; e = e.Prev() {
		if p := e.Value.(*prepared); !p.busy {
			s.used.Remove(e)
			delete(s.byText, p.text)
			_ = p.Close() // it says how its last run ended
			return
		}
	}
}

// close closes all.
func (s *statements) close() {
	for e := s.used.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*prepared).Close()
	}
	s.used.Init()
	clear(s.byText)
}

// rows are those of a prepared statement, which is free again when they are closed.
type rows struct {
	driver.Rows
	of *prepared
}

func (r rows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}
