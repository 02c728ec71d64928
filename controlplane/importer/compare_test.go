package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var (
	day1 = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	day2 = day1.AddDate(0, 0, 1)
)

func usd(input string) *adminv1.Price { return &adminv1.Price{Input: input} }

// imported is a model as an import on day 1 wrote it.
func imported(id, alias string, price *adminv1.Price) *adminv1.Model {
	return &adminv1.Model{Id: id, Alias: alias, Price: price, Imported: &adminv1.ModelImport{
		Import: "first", ImportTime: timestamppb.New(day1), Alias: alias, Price: proto.CloneOf(price), PriceSource: fromProvider,
	}}
}

// changed is a model that an admin changed after its import.
func changed(m *adminv1.Model, change func(*adminv1.Model)) *adminv1.Model {
	change(m)
	return m
}

func ids(ids ...string) []remote.Model {
	models := make([]remote.Model, len(ids))
	for n, id := range ids {
		models[n] = remote.Model{ID: id}
	}
	return models
}

// lines writes a report as "id action alias=... price=... (note) [change]".
func lines(o *Outcome) []string {
	var out []string
	for _, m := range o.Models {
		line := m.GetId() + " " + strings.ToLower(strings.TrimPrefix(m.GetAction().String(), "IMPORT_ACTION_"))
		if m.GetAlias() != "" {
			line += " alias=" + m.GetAlias()
		}
		if m.GetPrice() != nil {
			line += fmt.Sprintf(" price=%s by %s", m.GetPrice().GetInput(), m.GetPriceSource())
		}
		if m.GetNote() != "" {
			line += " (" + m.GetNote() + ")"
		}
		for _, c := range m.GetChanges() {
			line += " [" + c + "]"
		}
		if len(m.GetGroups()) > 0 {
			line += " used by " + strings.Join(m.GetGroups(), ", ")
		}
		out = append(out, line)
	}
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()
	strip := &adminv1.AliasTemplate{StripVendor: true}
	for name, tc := range map[string]struct {
		models  []*adminv1.Model
		removed []string
		in      Input
		want    []string
	}{
		"everything is new": {
			in:   Input{Listed: ids("a", "b")},
			want: []string{"a add", "b add"},
		},
		"keywords, globs and their case": {
			in: Input{Listed: ids("gpt-4o", "GPT-4o-mini", "o1", "text-embedding-3", "whisper-1"),
				Rules: &adminv1.ImportRules{Include: []string{"gpt", "O?"}, Exclude: []string{"*-MINI"}}},
			want: []string{"gpt-4o add", "o1 add", `GPT-4o-mini exclude (excluded by "*-mini")`, "text-embedding-3 exclude (not included)", "whisper-1 exclude (not included)"},
		},
		"only those that were chosen": {
			models: []*adminv1.Model{imported("a", "", nil)},
			in:     Input{Listed: ids("a", "b", "c"), Only: map[string]bool{"c": true}},
			want:   []string{"c add", "a keep", "b exclude (not chosen)"},
		},
		"aliases by template": {
			in: Input{Listed: ids("openai/GPT-4o", "plain", "a/b/c"),
				Rules: &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{StripVendor: true, LowerCase: true, Prefix: "oai-", Suffix: ":x"}}},
			want: []string{"openai/GPT-4o add alias=oai-gpt-4o:x", "plain add alias=oai-plain:x", "a/b/c add alias=oai-c:x"},
		},
		"a template that changes nothing gives no alias": {
			in:   Input{Listed: ids("plain"), Rules: &adminv1.ImportRules{Alias: strip}},
			want: []string{"plain add"},
		},
		"single aliases win over the template": {
			in: Input{Listed: ids("v/a", "v/b", "v/c"),
				Rules: &adminv1.ImportRules{Alias: strip, Aliases: map[string]string{"v/a": "best", "v/b": ""}}},
			want: []string{"v/a add alias=best", "v/b add", "v/c add alias=c"},
		},
		"two new models want one alias": {
			in:   Input{Listed: ids("x/m", "y/m"), Rules: &adminv1.ImportRules{Alias: strip}},
			want: []string{`y/m conflict (alias "m" is taken by model "x/m")`, "x/m add alias=m"},
		},
		"a conflict may be skipped, and is still told": {
			in:   Input{Listed: ids("x/m", "y/m"), Rules: &adminv1.ImportRules{Alias: strip, SkipAliasConflicts: true}},
			want: []string{"x/m add alias=m", `y/m add (alias "m" is taken by model "x/m")`},
		},
		"an alias is the id of a model that comes later": {
			in:   Input{Listed: ids("x/m", "m"), Rules: &adminv1.ImportRules{Alias: strip}},
			want: []string{`x/m conflict (alias "m" is the id of another model)`, "m add"},
		},
		"an alias is that of an admin's model": {
			models: []*adminv1.Model{{Id: "own", Alias: "m"}},
			in:     Input{Listed: ids("x/m"), Rules: &adminv1.ImportRules{Alias: strip}},
			want:   []string{`x/m conflict (alias "m" is taken by model "own")`},
		},
		"an id is the alias of a model that is there": {
			models: []*adminv1.Model{{Id: "own", Alias: "m"}},
			in:     Input{Listed: ids("m"), Rules: &adminv1.ImportRules{}},
			want:   []string{`m conflict (its id is the alias of model "own")`},
		},
		"an alias that is too long": {
			in:   Input{Listed: ids("m"), Rules: &adminv1.ImportRules{Aliases: map[string]string{"m": strings.Repeat("ä", 257)}}},
			want: []string{"m conflict (its alias would be longer than 256 characters)"},
		},
		"an alias with a character that nobody sees": {
			in:   Input{Listed: ids("m"), Rules: &adminv1.ImportRules{Aliases: map[string]string{"m": "a\u200bb"}}},
			want: []string{"m conflict (its alias must be without control or invisible characters and without spaces at either end)"},
		},
		"prices: the provider's, the catalogue's, the default": {
			in: Input{
				Listed: []remote.Model{{ID: "a", Price: usd("1")}, {ID: "v/B"}, {ID: "c"}},
				Prices: Prices{"a": {Price: usd("9")}, "b": {Price: usd("2"), ContextWindow: 7}},
				Rules:  &adminv1.ImportRules{DefaultPrice: usd("3")},
			},
			want: []string{"a add price=1 by provider", "v/B add price=2 by catalogue", "c add price=3 by default"},
		},
		"no suggestions": {
			in: Input{
				Listed: []remote.Model{{ID: "a", Price: usd("1")}}, Prices: Prices{"a": {Price: usd("9")}},
				Rules: &adminv1.ImportRules{SkipPrices: true},
			},
			want: []string{"a add"},
		},
		"what imports wrote is renewed": {
			models: []*adminv1.Model{imported("v/a", "old", usd("1"))},
			in: Input{
				Listed: []remote.Model{{ID: "v/a", Price: usd("2"), ContextWindow: 8}},
				Rules:  &adminv1.ImportRules{Alias: strip},
			},
			want: []string{"v/a change alias=a price=2 by provider [alias: old -> a] [price: in 1 -> in 2] [context_window: 0 -> 8]"},
		},
		"what an admin changed stays": {
			models: []*adminv1.Model{changed(imported("v/a", "old", usd("1")), func(m *adminv1.Model) { m.Alias, m.Price, m.ContextWindow = "mine", usd("5"), 4 })},
			in: Input{
				Listed: []remote.Model{{ID: "v/a", Price: usd("2"), ContextWindow: 8}},
				Rules:  &adminv1.ImportRules{Alias: strip},
			},
			want: []string{"v/a keep alias=mine price=5 by admin (alias set by an admin; price set by an admin; context window set by an admin)"},
		},
		"a field that an admin cleared stays clear": {
			models: []*adminv1.Model{changed(imported("a", "x", usd("1")), func(m *adminv1.Model) { m.Alias, m.Price = "", nil })},
			in:     Input{Listed: []remote.Model{{ID: "a", Price: usd("1")}}},
			want:   []string{"a keep (alias set by an admin; price set by an admin)"},
		},
		"an empty price is none, however it is written": {
			models: []*adminv1.Model{changed(imported("a", "", nil), func(m *adminv1.Model) { m.Price = &adminv1.Price{} })},
			in:     Input{Listed: []remote.Model{{ID: "a", Price: usd("1")}}},
			want:   []string{"a change price=1 by provider [price: (unset) -> in 1]"},
		},
		"each part of a price is an admin's": {
			models: []*adminv1.Model{changed(imported("a", "", usd("1")), func(m *adminv1.Model) { m.Price.CacheWrite = "2" })},
			in:     Input{Listed: []remote.Model{{ID: "a", Price: usd("3")}}},
			want:   []string{"a keep price=1 by admin (price set by an admin)"},
		},
		"imports never clear": {
			models: []*adminv1.Model{imported("v/a", "a", usd("1"))},
			in:     Input{Listed: ids("v/a")},
			want:   []string{"v/a keep alias=a price=1 by provider"},
		},
		"an admin's model is not touched, listed or not": {
			models: []*adminv1.Model{{Id: "a", Price: usd("5")}, {Id: "hidden"}},
			in:     Input{Listed: []remote.Model{{ID: "a", Price: usd("1")}}, Rules: &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{Prefix: "x"}}},
			want:   []string{"a keep price=5 by admin (added by an admin)"},
		},
		"an alias in use is not changed": {
			models: []*adminv1.Model{imported("v/a", "old", nil)},
			in: Input{Listed: ids("v/a"), Rules: &adminv1.ImportRules{Alias: strip},
				Uses: map[string][]controlplane.ModelUse{"old": {{Group: "pool", Model: "old"}}}},
			want: []string{`v/a keep alias=old (alias "old" stays: group "pool" uses it) used by pool`},
		},
		"a model vanished, which a group uses": {
			models: []*adminv1.Model{imported("a", "", nil), imported("b", "", nil)},
			in:     Input{Listed: ids("a"), Uses: map[string][]controlplane.ModelUse{"b": {{Group: "pool", Model: "b"}}}},
			want:   []string{"b gone [no longer listed] used by pool", "a keep"},
		},
		"it stays gone": {
			models: []*adminv1.Model{changed(imported("b", "", nil), func(m *adminv1.Model) { m.Imported.GoneTime = timestamppb.New(day1) })},
			in:     Input{Listed: ids("a")},
			want:   []string{"a add", "b gone (not listed since 2026-11-01)"},
		},
		"and comes back": {
			models: []*adminv1.Model{changed(imported("b", "", nil), func(m *adminv1.Model) { m.Imported.GoneTime = timestamppb.New(day1) })},
			in:     Input{Listed: ids("b")},
			want:   []string{"b change [listed again]"},
		},
		"excluded, but there already": {
			models: []*adminv1.Model{imported("a", "", usd("1"))},
			in:     Input{Listed: []remote.Model{{ID: "a", Price: usd("2")}}, Rules: &adminv1.ImportRules{Exclude: []string{"a"}}},
			want:   []string{`a exclude price=1 by provider (excluded by "a", but there already: it stays)`},
		},
		"what an admin removed stays away": {
			removed: []string{"a"},
			in:      Input{Listed: ids("a", "b")},
			want:    []string{"b add", "a removed (removed by an admin)"},
		},
		"unless it is to be restored": {
			removed: []string{"a", "z"},
			in:      Input{Listed: ids("a"), Restore: true},
			want:    []string{"a add (brought back)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &adminv1.Provider{Name: "p", Models: tc.models}
			controlplane.SetRemovedModels(p, tc.removed)
			before := proto.CloneOf(p)
			tc.in.Provider, tc.in.Now, tc.in.Import = p, day2, "second"
			o := Compare(tc.in)
			if got := lines(o); !slices.Equal(got, tc.want) {
				t.Errorf("it does\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if !proto.Equal(p, before) {
				t.Error("the provider that was given is changed")
			}
			again := tc.in
			again.Provider, again.Restore = o.Provider, false
			if len(o.Conflicts()) == 0 {
				if next := Compare(again); next.Provider != again.Provider {
					t.Errorf("the same import again changes %q", lines(next))
				}
			}
			checkCounts(t, o)
		})
	}
}

// checkCounts: every model that is listed or gone is counted once.
func checkCounts(t *testing.T, o *Outcome) {
	t.Helper()
	c := o.Counts
	sum := c.GetAdded() + c.GetChanged() + c.GetKept() + c.GetGone() + c.GetExcluded() + c.GetRemoved()
	for _, m := range o.Models {
		if m.GetAction() == adminv1.ImportAction_IMPORT_ACTION_CONFLICT {
			sum++
		}
	}
	if int(sum) != len(o.Models) {
		t.Errorf("counts %v of %d models", c, len(o.Models))
	}
}

func TestAddedModelsRememberTheirOrigin(t *testing.T) {
	t.Parallel()
	o := Compare(Input{
		Provider: &adminv1.Provider{Name: "p"}, Import: "run", Credential: "main", Now: day1,
		Listed: []remote.Model{{ID: "v/a", Price: usd("1"), ContextWindow: 8}},
		Rules:  &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{StripVendor: true}},
	})
	want := &adminv1.Provider{Name: "p", Models: []*adminv1.Model{{
		Id: "v/a", Alias: "a", Price: usd("1"), ContextWindow: 8,
		Imported: &adminv1.ModelImport{
			Import: "run", Credential: "main", ImportTime: timestamppb.New(day1),
			Alias: "a", Price: usd("1"), ContextWindow: 8, PriceSource: fromProvider,
		},
	}}}
	if !proto.Equal(o.Provider, want) {
		t.Errorf("the provider is\n%v\nwant\n%v", o.Provider, want)
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"*", "a/b", true}, {"a*", "a/b", true}, {"*b", "a/b", true}, {"a*b*c", "aXbYc", true},
		{"a*b*c", "aXcYb", false}, {"?", "ä", true}, {"?", "", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"**", "x", true}, {"", "", true}, {"", "a", false}, {"a*", "ba", false}, {"[a]*", "[a]b", true},
		{strings.Repeat("a*", 30) + "b", strings.Repeat("a", 256), false}, // and at once
	} {
		if got := glob(tc.pattern, tc.text); got != tc.want {
			t.Errorf("glob(%q, %q) is %t", tc.pattern, tc.text, got)
		}
	}
}
