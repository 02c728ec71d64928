package form

import (
	"cmp"
	"slices"
	"strings"
)

// Losses are what a target could not be told, and what the client could not be told of its answer.
// They name members and kinds, never values: nothing of a prompt is in them.
type Losses struct {
	Approximated []string // said in another way, with a way back
	Dropped      []string // not said
}

// maxLosses bounds the names of each kind: a caller may have as many members as it likes.
const maxLosses = 20

// Approximate notes that a member was said in another way.
func (l *Losses) Approximate(name string) { l.Approximated = note(l.Approximated, name) }

// Drop notes that a member was not said.
func (l *Losses) Drop(name string) { l.Dropped = note(l.Dropped, name) }

// Rest notes members of another dialect. where is what their names are below, such as "tools"; empty:
// the request itself. The error is a *Refused when one of them had to be said.
func (l *Losses) Rest(where string, rest Rest) error {
	for i := range rest {
		if err := l.Member(where, &rest[i]); err != nil {
			return err
		}
	}
	return nil
}

// Member notes one member of another dialect.
func (l *Losses) Member(where string, m *Member) error {
	name := m.Name
	if where != "" {
		name = where + "." + name
	}
	switch m.Class {
	case Must:
		return &Refused{Param: name}
	case Lossy:
		l.Drop(name)
	case Silent:
	}
	return nil
}

// Foreign notes what a request of another dialect holds that the form has no place for: writers call it
// first. shared are members of blocks that the target has under the same name. The error is a *Refused.
func (l *Losses) Foreign(r *Request, shared ...string) error {
	if err := l.Rest("", r.Rest); err != nil {
		return err
	}
	for i := range r.Tools {
		t := &r.Tools[i]
		err := l.Rest("tools", t.Rest)
		if t.Raw != nil && t.Kind != ForeignTool {
			l.Approximate("tools." + t.Name)
		}
		if t.Kind == ForeignTool {
			err = l.Member("tools", &Member{Name: t.Name, Class: t.Class})
		}
		if err != nil {
			return err
		}
	}
	if r.ToolChoice.Mode == ChooseForeign {
		return &Refused{Param: "tool_choice"}
	}
	if err := l.blocks(r.System, shared); err != nil {
		return err
	}
	for i := range r.Items {
		if err := l.Rest("", r.Items[i].Rest); err != nil {
			return err
		}
		if err := l.blocks(r.Items[i].Blocks, shared); err != nil {
			return err
		}
	}
	return nil
}

func (l *Losses) blocks(blocks []Block, shared []string) error {
	for i := range blocks {
		b := &blocks[i]
		var err error
		for k := range b.Rest {
			if err == nil && !slices.Contains(shared, b.Rest[k].Name) {
				err = l.Member("", &b.Rest[k])
			}
		}
		switch {
		case err != nil:
		case b.Foreign != nil:
			err = l.Member("", b.Foreign)
		case b.Result != nil:
			err = l.blocks(b.Result.Blocks, shared)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// note adds a name once. Names are clipped: a client may have chosen them.
func note(names []string, name string) []string {
	const longest = 64
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "")
	}
	if len(names) >= maxLosses || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// Refused says that a target cannot be told what a request is about, so that it is left out.
type Refused struct {
	Param string // what it cannot be told
	// Why explains it where the name does not; empty: the target's dialect has nothing like it.
	Why string
}

func (r *Refused) Error() string { return r.Param + ": " + r.Reason() }

// Reason is why, without what.
func (r *Refused) Reason() string {
	return cmp.Or(r.Why, "the provider's API has nothing like it")
}
