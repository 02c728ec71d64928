package manifest

import "strings"

// expand replaces ${NAME} by the variable's value and $${ by ${. What a variable holds is
// not expanded again and is never read as YAML. Any other $ stands for itself.
func (d *decoder) expand(text string) (expanded, fault string) {
	var b strings.Builder
	for {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			b.WriteString(text)
			return b.String(), ""
		}
		b.WriteString(text[:at])
		text = text[at:]
		switch {
		case strings.HasPrefix(text, "$${"):
			b.WriteString("${")
			text = text[len("$${"):]
		case strings.HasPrefix(text, "${"):
			name, rest, closed := strings.Cut(text[len("${"):], "}")
			if !closed || !isVariable(name) {
				return "", "has a ${ that is not ${NAME}; write $${ for the characters ${"
			}
			value, ok := d.lookupEnv(name)
			if !ok {
				return "", "needs the environment variable " + name + ", which is not set"
			}
			b.WriteString(value)
			text = rest
		default:
			b.WriteByte('$')
			text = text[1:]
		}
	}
}

// escape is the text that expands to s.
func escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// isVariable reports whether name can be an environment variable: letters, digits and
// underscores, not beginning with a digit.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
