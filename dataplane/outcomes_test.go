package dataplane

import (
	"cmp"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// moves is how the table writes a rule's Move.
var moves = map[Move]string{Stay: "never", Next: "always", NextIfSafe: "if_safe", NextIfWide: "if_wider", NextIfSet: "if_set"}

// scopes is how the table writes a scope.
var scopes = map[ScopeKind]string{ScopeNone: "none", ScopeTarget: "target", ScopeProvider: "provider", ScopeCredential: "credential"}

func outcomeNamed(t *testing.T, name string) Outcome {
	t.Helper()
	o, ok := OutcomeNamed(name)
	if !ok {
		t.Fatalf("no outcome %q", name)
	}
	return o
}

// TestOutcomesAreThoseOfTheList: nodes have a rule for every outcome, in the same order.
func TestOutcomesAreThoseOfTheList(t *testing.T) {
	t.Parallel()
	names := make([]string, numOutcomes)
	for o := range numOutcomes {
		names[o] = o.String()
	}
	if want := outcome.Names(); !slices.Equal(names, want) {
		t.Errorf("rules are for %q, the list has %q", names, want)
	}
}

// TestOutcomesHaveTheirOwnNames: names are published, so each is there once and none is empty.
func TestOutcomesHaveTheirOwnNames(t *testing.T) {
	t.Parallel()
	for o := range numOutcomes {
		if got, ok := OutcomeNamed(o.String()); !ok || got != o {
			t.Errorf("the name of outcome %d, %q, gives %d, %v", o, o, got, ok)
		}
	}
	if o, ok := OutcomeNamed("no_such_outcome"); ok {
		t.Errorf("a name that does not exist gives %s", o)
	}
}

func TestEveryOutcomeIsInTheTable(t *testing.T) {
	t.Parallel()
	table := outcometest.Load(t)
	seen := map[string]bool{}
	for _, c := range table.Cases {
		seen[c.Want.Outcome], seen[c.Want.LastOutcome] = true, true
	}
	for _, e := range table.Elsewhere {
		if seen[e.Outcome] {
			t.Errorf("%s is said to be tested elsewhere, but a case provokes it", e.Outcome)
		}
		outcomeNamed(t, e.Outcome)
		seen[e.Outcome] = true
	}
	for o := range numOutcomes {
		if !seen[o.String()] {
			t.Errorf("%s is in no row of the table and has no reason to be missing", o)
		}
	}
}

func TestRulesFollowTheTable(t *testing.T) {
	t.Parallel()
	for _, c := range outcometest.Load(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			o := outcomeNamed(t, c.Want.Outcome)
			rule := o.Rule()
			if got := moves[rule.Move]; got != c.Want.Moves {
				t.Errorf("%s moves %s, want %s", o, got, c.Want.Moves)
			}
			if refused := c.Judged == "status" || c.Given.Keyword != ""; rule.MaybeBilled != c.Want.MaybeBilled && !(refused && rule.MaybeBilled) {
				t.Errorf("%s maybe billed = %v, want %v", o, rule.MaybeBilled, c.Want.MaybeBilled)
			}
			retried := "never"
			if rule.AtOnce && c.Row != 27 && c.Row != 28 { // those are hidden in good answers
				retried = "always"
			} else if rule.OnceMore {
				retried = "last"
			}
			if want := cmp.Or(c.Want.Retried, "never"); retried != want {
				t.Errorf("%s is tried once more: %s, want %s", o, retried, want)
			}
			if c.Want.Client.Passed && !rule.PassThrough && o != StreamError {
				t.Errorf("%s does not pass the upstream's error through, want that", o)
			}
			if !c.Want.Client.Passed && rule.PassThrough && c.Want.Client.Code != rule.Code {
				t.Errorf("%s rewords the upstream's error with code %q, want %q", o, rule.Code, c.Want.Client.Code)
			}
			if byRuleAlone := c.Judged == "" && o != OK && o != StreamError && !c.Given.Count; byRuleAlone {
				if got := scopes[rule.Scope]; got != c.Want.Counts {
					t.Errorf("%s counts against %s, want %s", o, got, c.Want.Counts)
				}
				if rule.Hold != c.Want.Hold {
					t.Errorf("%s is held for %s, want %s", o, rule.Hold, c.Want.Hold)
				}
			}
			if c.Want.LastOutcome != "" || c.Want.Committed || rule.PassThrough {
				return // the client sees something else than the rule's error
			}
			if rule.Status != c.Want.Client.Status {
				t.Errorf("%s gives the client %d, want %d", o, rule.Status, c.Want.Client.Status)
			}
			if rule.Code != c.Want.Client.Code && o != ClientClosed {
				t.Errorf("%s gives the client code %q, want %q", o, rule.Code, c.Want.Client.Code)
			}
		})
	}
}
