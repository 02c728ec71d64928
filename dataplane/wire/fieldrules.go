package wire

import (
	"bytes"
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// ApplyRules gives the edits that rules make of a request, and which rules made one. A request
// that has a field twice which a rule is about is refused: we and the provider could disagree
// about which one counts. The error is a *scan.Error.
func ApplyRules(body []byte, rules []*fieldrule.Rule) (edits []scan.Edit, applied []*fieldrule.Rule, err error) {
	r := rewrite{body: body, rules: rules, applied: make([]bool, len(rules))}
	s := scan.New(body)
	if !s.Open() {
		return nil, nil, &scan.Error{Message: "the request body is not a JSON object"}
	}
	if err := r.object("", s); err != nil {
		return nil, nil, err
	}
	for i, is := range r.applied {
		if is {
			applied = append(applied, rules[i])
		}
	}
	return r.edits, applied, nil
}

// rewrite is rules being applied to one request.
type rewrite struct {
	body    []byte
	rules   []*fieldrule.Rule
	applied []bool
	edits   []scan.Edit
}

// member is a field of an object that some rule is about.
type member struct {
	name       string // as the rule spells it
	key, value scan.Span
}

// object applies the rules for the fields of one object, whose brace was just taken.
func (r *rewrite) object(parent string, s scan.Scanner) error {
	found, err := r.find(parent, s)
	if err != nil {
		return err
	}
	first := s.Offset()
	var cutter scan.Cutter
	err = s.Members(func(key []byte, value scan.Span) error {
		whole := scan.Span{Start: s.Key().Start, End: value.End}
		m := named(found, s.Key())
		if m == nil || !r.change(parent, m, found) {
			cutter.Keep(whole)
		} else {
			cutter.Cut(whole)
		}
		if m == nil || parent != "" || !r.nests(m.name) || r.sets(m.name) || r.body[value.Start] != '{' {
			return nil
		}
		inner := scan.Inside(r.body, value)
		inner.Open()
		return r.object(m.name, inner)
	})
	if err != nil {
		return err
	}
	cutter.End()
	r.edits = append(r.edits, cutter.Edits...)
	r.insert(parent, found, first, cutter.Kept() > 0)
	return nil
}

// find looks for the fields that rules are about, and refuses a second one.
func (r *rewrite) find(parent string, s scan.Scanner) (found []member, err error) {
	err = s.Members(func(key []byte, value scan.Span) error {
		name, is := r.about(parent, string(key))
		if !is {
			return nil
		}
		if slices.ContainsFunc(found, func(m member) bool { return m.name == name }) {
			return &scan.Error{Param: name, Message: name + " must appear once"}
		}
		found = append(found, member{name, s.Key(), value})
		return nil
	})
	return found, err
}

// about tells whether a rule is about a key, and how the rule spells it.
func (r *rewrite) about(parent, key string) (name string, is bool) {
	for _, rule := range r.rules {
		switch {
		case rule.Parent == parent && fieldrule.Same(rule.Name, key):
			return rule.Name, true
		case rule.Parent == parent && rule.Action == fieldrule.Rename && fieldrule.Same(rule.To, key):
			return rule.To, true
		case parent == "" && rule.Parent != "" && fieldrule.Same(rule.Parent, key):
			return rule.Parent, true
		}
	}
	return "", false
}

func (r *rewrite) nests(name string) bool {
	return slices.ContainsFunc(r.rules, func(rule *fieldrule.Rule) bool { return fieldrule.Same(rule.Parent, name) })
}

func named(found []member, key scan.Span) *member {
	for i := range found {
		if found[i].key == key {
			return &found[i]
		}
	}
	return nil
}

func has(found []member, name string) bool {
	return slices.ContainsFunc(found, func(m member) bool { return fieldrule.Same(m.name, name) })
}

// change applies the rule for a field that is there; cut means that it goes.
func (r *rewrite) change(parent string, m *member, found []member) (cut bool) {
	for i, rule := range r.rules {
		if rule.Parent != parent || !fieldrule.Same(rule.Name, m.name) {
			continue
		}
		switch was := r.body[m.value.Start:m.value.End]; rule.Action {
		case fieldrule.Drop:
			r.applied[i] = true
			return true
		case fieldrule.Rename:
			r.applied[i] = true
			if has(found, rule.To) || r.renamed(parent, rule.To, found, i) {
				return true
			}
			r.edits = append(r.edits, scan.Edit{At: m.key, With: quoted(rule.To)})
			if force := r.force(parent, rule.To); force >= 0 {
				r.applied[force] = true
				r.edits = append(r.edits, scan.Edit{At: m.value, With: r.rules[force].Value})
			}
		case fieldrule.Default:
			if string(was) == "null" {
				r.applied[i] = true
				r.edits = append(r.edits, scan.Edit{At: m.value, With: rule.Value})
			}
		case fieldrule.Force:
			if !bytes.Equal(was, rule.Value) {
				r.applied[i] = true
				r.edits = append(r.edits, scan.Edit{At: m.value, With: rule.Value})
			}
		}
	}
	return false
}

// renamed reports whether one of the first n rules gives a field this name.
func (r *rewrite) renamed(parent, to string, found []member, n int) bool {
	return slices.ContainsFunc(r.rules[:n], func(rule *fieldrule.Rule) bool {
		return rule.Action == fieldrule.Rename && rule.Parent == parent && fieldrule.Same(rule.To, to) && has(found, rule.Name)
	})
}

// force finds the rule that forces a field; -1: there is none.
func (r *rewrite) force(parent, name string) int {
	return slices.IndexFunc(r.rules, func(rule *fieldrule.Rule) bool {
		return rule.Action == fieldrule.Force && rule.Parent == parent && fieldrule.Same(rule.Name, name)
	})
}

// insert adds what is missing behind the brace of an object, and above all of them also the
// objects that are missing.
func (r *rewrite) insert(parent string, found []member, at int, more bool) {
	text := r.missing(parent, found)
	if parent == "" {
		for i, rule := range r.rules {
			outer := rule.Parent
			if outer == "" || slices.ContainsFunc(r.rules[:i], func(other *fieldrule.Rule) bool { return fieldrule.Same(other.Parent, outer) }) {
				continue
			}
			j := slices.IndexFunc(found, func(m member) bool { return fieldrule.Same(m.name, outer) })
			isNull := j >= 0 && string(r.body[found[j].value.Start:found[j].value.End]) == "null"
			if j >= 0 && !isNull || r.touched(outer) {
				continue
			}
			inner := r.missing(outer, nil)
			if inner == nil {
				continue
			}
			object := append(append([]byte{'{'}, inner...), '}')
			if isNull {
				r.edits = append(r.edits, scan.Edit{At: found[j].value, With: object})
				continue
			}
			text = appendMember(text, outer, object)
		}
	}
	if text == nil {
		return
	}
	if more {
		text = append(text, ',')
	}
	r.edits = append(r.edits, scan.Edit{At: scan.Span{Start: at, End: at}, With: text})
}

// sets reports whether a rule drops or forces a whole object.
func (r *rewrite) sets(name string) bool {
	return slices.ContainsFunc(r.rules, func(rule *fieldrule.Rule) bool {
		return rule.Parent == "" && fieldrule.Same(rule.Name, name) && (rule.Action == fieldrule.Drop || rule.Action == fieldrule.Force)
	})
}

// touched reports whether a rule drops, renames or sets a whole object, which then counts.
func (r *rewrite) touched(name string) bool {
	return slices.ContainsFunc(r.rules, func(rule *fieldrule.Rule) bool { return rule.Parent == "" && fieldrule.Same(rule.Name, name) })
}

// missing writes the members that an object lacks.
func (r *rewrite) missing(parent string, found []member) (text []byte) {
	for i, rule := range r.rules {
		if rule.Parent != parent || !rule.Action.Sets() || has(found, rule.Name) || r.renamed(parent, rule.Name, found, len(r.rules)) {
			continue
		}
		r.applied[i] = true
		text = appendMember(text, rule.Name, rule.Value)
	}
	return text
}

func appendMember(text []byte, name string, value []byte) []byte {
	if text != nil {
		text = append(text, ',')
	}
	text = append(text, quoted(name)...)
	text = append(text, ':')
	return append(text, value...)
}

func quoted(name string) []byte { return []byte(`"` + name + `"`) }
