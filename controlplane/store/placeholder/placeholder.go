// Package placeholder writes the placeholders of SQL statements, as both engines number them.
package placeholder

import (
	"strconv"
	"strings"
)

// Rows returns "($1, $2), ($3, $4)" for two rows of two columns.
func Rows(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
