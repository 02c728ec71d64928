package store

import (
	"fmt"
	"strings"
)

// search collects the conditions of a query and their values.
type search struct {
	all  []string
	args []any
}

// where adds a condition, with a %d for the number of each value.
func (q *search) where(condition string, values ...any) {
	marks := make([]any, len(values))
	for i, v := range values {
		q.args = append(q.args, v)
		marks[i] = len(q.args)
	}
	q.all = append(q.all, fmt.Sprintf(condition, marks...))
}

// in adds the condition that a column has one of the values.
func (q *search) in(column string, values []any) {
	q.where(column+" IN ($%d"+strings.Repeat(", $%d", len(values)-1)+")", values...)
}

func (q *search) conditions() string {
	if len(q.all) == 0 {
		return ``
	}
	return ` WHERE ` + strings.Join(q.all, ` AND `)
}

func (q *search) limit(n int) string {
	q.args = append(q.args, n)
	return fmt.Sprintf(` LIMIT $%d`, len(q.args))
}
