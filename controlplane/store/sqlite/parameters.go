package sqlite

import (
	"context"
	"database/sql/driver"
	"strconv"
	"strings"
)

// connector opens connections that spare SQLite the names of parameters: it looks each $n up
// among all others of the statement, twice, which was more than half of the time that storing
// calls took.
type connector struct {
	driver driver.Driver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return conn{opened.(driverConn), newStatements()}, nil
}

func (c connector) Driver() driver.Driver { return c.driver }

// driverConn is what connections of the driver can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type conn struct {
	driverConn
	statements *statements
}

// ExecContext runs statements with parameters prepared: they come again.
func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	p, err := c.statements.prepare(ctx, c.driverConn, query)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return c.driverConn.ExecContext(ctx, inOrder(query), args)
	}
	return p.ExecContext(ctx, args)
}

// QueryContext is the same.
func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	p, err := c.statements.prepare(ctx, c.driverConn, query)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return c.driverConn.QueryContext(ctx, inOrder(query), args)
	}
	found, err := p.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	p.busy = true
	return rows{found, p}, nil
}

// Close closes the prepared statements too.
func (c conn) Close() error {
	c.statements.close()
	return c.driverConn.Close()
}

// inOrder writes a statement whose parameters are $1, $2 and so on, each once and in this
// order, with ? for each. Others stay as they are.
func inOrder(query string) string {
	if !strings.Contains(query, "$") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query))
	quoted, next := false, 1
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'':
			quoted = !quoted
		case c == '$' && !quoted:
			number := strconv.Itoa(next)
			end := i + 1 + len(number)
			if !strings.HasPrefix(query[i+1:], number) || end < len(query) && '0' <= query[end] && query[end] <= '9' {
				return query
			}
			b.WriteByte('?')
			i, next = end-1, next+1
			continue
		}
		b.WriteByte(query[i])
	}
	return b.String()
}
