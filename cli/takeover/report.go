package takeover

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
)

// Fate is what became of something in an export.
type Fate string

// The fates.
const (
	Taken   Fate = "taken over"
	Changed Fate = "changed"  // taken over, and not quite what it was
	Left    Fate = "left out" // not taken over
)

// Entry is one line of a report. It never holds a value that may be a secret.
type Entry struct {
	Fate Fate
	File string
	Line int
	Path string
	Text string
	more int // further ones like it, at other places
}

// note adds an entry about a value.
func (d *Draft) note(fate Fate, n *Node, format string, args ...any) {
	d.entries = append(d.entries, Entry{Fate: fate, File: n.File, Line: n.Line, Path: n.Path, Text: fmt.Sprintf(format, args...)})
}

// Took says what a value became. The value is marked as read.
func (d *Draft) Took(n *Node, format string, args ...any) {
	n.taken = true
	d.note(Taken, n, format, args...)
}

// Bent says how what was made of a value differs from it.
func (d *Draft) Bent(n *Node, format string, args ...any) {
	n.taken = true
	d.note(Changed, n, format, args...)
}

// Leave says why a value, with all in it, is not taken over. One that is not there, or empty, is no loss.
func (d *Draft) Leave(n *Node, format string, args ...any) {
	if !n.Given() || n.kind == scalar && n.text == "" {
		return
	}
	n.Use()
	d.note(Left, n, format, args...)
}

// index makes one path of those of all elements of a list.
var index = regexp.MustCompile(`\[[0-9]+\]`)

// leaveRest reports what nobody has read, once for all elements of a list.
func (d *Draft) leaveRest(root *Node, why func(path string) string) {
	root.unused(func(n *Node) {
		text := why(index.ReplaceAllString(n.Path, "[*]"))
		d.note(Left, n, "%s", cmp.Or(text, "Trunkline has nothing like it"))
		d.entries[len(d.entries)-1].more = -1
	})
}

// merged puts together the entries of leaveRest that differ in their places alone.
func (d *Draft) merged() []Entry {
	first, all := map[string]int{}, []Entry{}
	for _, e := range d.entries {
		if e.more == 0 {
			all = append(all, e)
			continue
		}
		key := e.File + "\x00" + index.ReplaceAllString(e.Path, "[*]") + "\x00" + e.Text
		if at, seen := first[key]; seen {
			all[at].more++
			all[at].Path = index.ReplaceAllString(e.Path, "[*]")
			continue
		}
		e.more = 0
		first[key] = len(all)
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return all
}

// WriteReport writes a line for each entry, and the sums.
func (d *Draft) WriteReport(w io.Writer) error {
	count := map[Fate]int{}
	grid := output.NewGrid("what", "where", "value", "how")
	for _, e := range d.merged() {
		count[e.Fate] += 1 + e.more
		where := e.File
		if e.Line > 0 { // tables of a database have rows and no lines
			where += fmt.Sprintf(":%d", e.Line)
		}
		if e.more > 0 {
			where += fmt.Sprintf(" and %d more", e.more)
		}
		grid.Add(string(e.Fate), where, output.Text(e.Path), e.Text)
	}
	if err := grid.Write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d taken over, %d changed, %d left out\n", count[Taken], count[Changed], count[Left])
	return err
}
