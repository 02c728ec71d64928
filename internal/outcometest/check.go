package outcometest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// check finds what would make a test pass or be left out silently.
func (t *Table) check() error {
	problems := t.checkOutcomes()
	names, rows := map[string]bool{}, map[int]bool{}
	for i := range t.Cases {
		c := &t.Cases[i]
		rows[c.Row] = true
		if names[c.Name] {
			problems = append(problems, fmt.Errorf("case %q is there twice", c.Name))
		}
		names[c.Name] = true
		if err := c.check(); err != nil {
			problems = append(problems, fmt.Errorf("row %d, case %q: %w", c.Row, c.Name, err))
		}
	}
	for _, e := range t.Elsewhere {
		rows[e.Row] = true
		if e.Why == "" || e.Outcome == "" {
			problems = append(problems, fmt.Errorf("elsewhere: %q needs an outcome and a reason", e.Outcome))
		}
	}
	for row := 1; row <= LastRow; row++ {
		if !rows[row] {
			problems = append(problems, fmt.Errorf("row %d is missing", row))
		}
	}
	return errors.Join(problems...)
}

func (c *Case) check() error {
	w := &c.Want
	switch {
	case c.Name == "" || c.What == "" || c.Why == "":
		return errors.New("name, what and why must be set")
	case c.Row < 0 || c.Row > LastRow:
		return errors.New("no such row")
	case c.Stream == "" && c.Plain == "":
		return errors.New("neither a stream nor a plain call provokes it")
	case w.Outcome == "" || w.Client.Status == 0:
		return errors.New("want.outcome and want.client.status must be set")
	case !slices.Contains([]string{"always", "never", "if_safe", "if_wider", "if_set"}, w.Moves):
		return fmt.Errorf("want.moves is %q", w.Moves)
	case !slices.Contains([]string{"", "never", "last", "always"}, w.Retried):
		return fmt.Errorf("want.retried is %q", w.Retried)
	case !slices.Contains([]string{"none", "target", "provider", "credential"}, w.Counts):
		return fmt.Errorf("want.counts is %q", w.Counts)
	case !slices.Contains([]string{"", "status", "error"}, c.Judged):
		return fmt.Errorf("judged is %q", c.Judged)
	case !slices.Contains([]string{"", "leaves", "leaves_after_first"}, c.Given.Client):
		return fmt.Errorf("given.client is %q", c.Given.Client)
	case !slices.Contains(upstreams, c.Upstream):
		return fmt.Errorf("upstream is %q", c.Upstream)
	case w.Counts == "none" && w.Hold > 0:
		return errors.New("what counts against nothing cannot be held")
	}
	return nil
}

// checkOutcomes looks at the list of outcomes by itself.
func (t *Table) checkOutcomes() (problems []error) {
	names := map[string]bool{}
	for _, o := range t.Outcomes {
		switch {
		case o.Name == "" || o.Label == "":
			problems = append(problems, fmt.Errorf("outcome %q needs a name and a label", o.Name))
		case names[o.Name]:
			problems = append(problems, fmt.Errorf("outcome %q is there twice", o.Name))
		case !slices.Contains([]string{"none", "target", "provider", "credential"}, o.CountsAgainst):
			problems = append(problems, fmt.Errorf("outcome %q counts against %q", o.Name, o.CountsAgainst))
		case !slices.Contains([]string{"none", "provider", "target", "credential", "caller", "gateway"}, o.Blame):
			problems = append(problems, fmt.Errorf("outcome %q: blame is %q", o.Name, o.Blame))
		case !slices.Contains([]string{"", "neutral"}, o.Class):
			problems = append(problems, fmt.Errorf("outcome %q: class is %q", o.Name, o.Class))
		}
		names[o.Name] = true
	}
	return problems
}

// resolve copies a node with its aliases filled in, so that it can stand alone.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return resolve(n.Alias)
	}
	out := *n
	out.Anchor, out.Content = "", nil
	for _, child := range n.Content {
		out.Content = append(out.Content, resolve(child))
	}
	return &out
}

func decodeStrict(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}
