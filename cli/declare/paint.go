package declare

import "strings"

// colour is the number of a terminal's colour.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// painter colours text when it is true.
type painter bool

func (p painter) in(c colour, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// difference colours the old and the new value of a line "path: old -> new".
func (p painter) difference(line string) string {
	path, values, ok := strings.Cut(line, ": ")
	before, after, two := strings.Cut(values, " -> ")
	if !ok || !two || strings.Contains(after, " -> ") { // which is which cannot be told
		return line
	}
	return path + ": " + p.in(red, before) + " -> " + p.in(green, after)
}
