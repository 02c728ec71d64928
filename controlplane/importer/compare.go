package importer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Input is all that decides what an import does.
type Input struct {
	Provider *adminv1.Provider // in stored form; it is not changed
	Listed   []remote.Model    // ids are unique
	Rules    *adminv1.ImportRules
	// Only, when it is not nil, holds the ids of the new models to add.
	Only map[string]bool
	// Restore brings back models that an admin removed.
	Restore bool
	Prices  Prices
	// Uses are the members of groups that use the provider's models, by id or alias.
	Uses map[string][]controlplane.ModelUse

	Import     string // id of the import
	Credential string // that was asked
	Now        time.Time
}

// Outcome is what an import does.
type Outcome struct {
	// Provider is the provider afterwards; the one of Input when nothing changes.
	Provider *adminv1.Provider
	Models   []*adminv1.ImportedModel
	Counts   *adminv1.ImportCounts
}

// Conflicts gives the models whose alias is taken, unless the rules say to import them
// without one.
func (o *Outcome) Conflicts() (models []*adminv1.ImportedModel) {
	for _, m := range o.Models {
		if m.GetAction() == adminv1.ImportAction_IMPORT_ACTION_CONFLICT {
			models = append(models, m)
		}
	}
	return models
}

// Compare decides what an import does with each model. It does no I/O, and gives the same
// for the same input.
func Compare(in Input) *Outcome {
	c := &comparison{
		Input:   in,
		next:    proto.CloneOf(in.Provider),
		include: newPatterns(in.Rules.GetInclude()),
		exclude: newPatterns(in.Rules.GetExclude()),
		counts:  &adminv1.ImportCounts{Listed: int32(len(in.Listed))},
		present: map[string]*adminv1.Model{},
		names:   map[string]string{},
		removed: map[string]bool{},
		listed:  map[string]bool{},
	}
	for _, m := range c.next.GetModels() {
		c.present[m.GetId()] = m
		c.names[m.GetId()] = m.GetId()
	}
	for _, m := range c.next.GetModels() {
		if m.GetAlias() != "" {
			c.names[m.GetAlias()] = m.GetId()
		}
	}
	for _, id := range c.next.GetImport().GetRemovedModels() {
		c.removed[id] = true
	}
	for _, l := range in.Listed {
		c.listed[l.ID] = true
	}
	c.adds()
	for _, l := range in.Listed {
		c.model(l)
	}
	c.vanished()
	return c.outcome()
}

// comparison is one Compare at work.
type comparison struct {
	Input
	next             *adminv1.Provider
	include, exclude patterns
	present          map[string]*adminv1.Model // of next, by id
	names            map[string]string         // id or alias -> id: none may be given twice
	removed          map[string]bool
	listed           map[string]bool
	adding           map[string]bool

	models  []*adminv1.ImportedModel
	counts  *adminv1.ImportCounts
	changed bool
}

// adds decides which models are new and come in. Their ids are taken before any alias is
// given out: an id cannot be chosen, an alias can.
func (c *comparison) adds() {
	c.adding = map[string]bool{}
	for _, l := range c.Listed {
		if c.present[l.ID] == nil && c.excluded(l.ID) == "" && (!c.removed[l.ID] || c.Restore) && (c.Only == nil || c.Only[l.ID]) {
			_, isAlias := c.names[l.ID]
			c.adding[l.ID] = !isAlias
		}
	}
}

// blocked reports whether a model would be added if its id were not another one's alias.
func (c *comparison) blocked(id string) bool {
	adding, considered := c.adding[id]
	return considered && !adding
}

// excluded says why the rules leave an id out; "" when they do not.
func (c *comparison) excluded(id string) string {
	if p := c.exclude.match(id); p != "" {
		return fmt.Sprintf("excluded by %q", p)
	}
	if len(c.include) > 0 && c.include.match(id) == "" {
		return "not included"
	}
	return ""
}

// model decides about one model that is listed.
func (c *comparison) model(l remote.Model) {
	report := &adminv1.ImportedModel{Id: l.ID}
	c.models = append(c.models, report)
	m := c.present[l.ID]
	why := c.excluded(l.ID)
	switch {
	case m == nil && c.adding[l.ID]:
		c.add(l, report)
		return
	case m == nil && c.blocked(l.ID):
		report.Action = adminv1.ImportAction_IMPORT_ACTION_EXCLUDE
		c.conflict(report, fmt.Sprintf("its id is the alias of model %q", c.names[l.ID]))
		return
	case m == nil && why != "":
		report.Action, report.Note = adminv1.ImportAction_IMPORT_ACTION_EXCLUDE, why
		c.counts.Excluded++
		return
	case m == nil && c.removed[l.ID] && !c.Restore:
		report.Action, report.Note = adminv1.ImportAction_IMPORT_ACTION_REMOVED, "removed by an admin"
		c.counts.Removed++
		return
	case m == nil:
		report.Action, report.Note = adminv1.ImportAction_IMPORT_ACTION_EXCLUDE, "not chosen"
		c.counts.Excluded++
		return
	}
	c.keep(l, m, why, report)
}

// add brings a new model in.
func (c *comparison) add(l remote.Model, report *adminv1.ImportedModel) {
	m := &adminv1.Model{Id: l.ID, Imported: &adminv1.ModelImport{
		Import: c.Import, ImportTime: timestamppb.New(c.Now), Credential: c.Credential,
	}}
	m.Price, m.Imported.PriceSource = c.price(l)
	m.ContextWindow = cmp.Or(l.ContextWindow, c.known(l.ID).ContextWindow)
	report.Action = adminv1.ImportAction_IMPORT_ACTION_ADD
	if alias := c.alias(l.ID); alias != "" {
		if text := c.clash(alias, l.ID); text != "" {
			c.conflict(report, text)
		} else {
			m.Alias, c.names[alias] = alias, l.ID
		}
	}
	m.Imported.Alias, m.Imported.Price, m.Imported.ContextWindow = m.GetAlias(), proto.CloneOf(m.GetPrice()), m.GetContextWindow()
	c.names[l.ID] = l.ID
	c.next.Models = append(c.next.Models, m)
	c.present[l.ID], c.changed = m, true
	if c.removed[l.ID] {
		delete(c.removed, l.ID)
		report.Note = joined(report.GetNote(), "brought back")
	}
	if report.GetAction() == adminv1.ImportAction_IMPORT_ACTION_ADD {
		c.counts.Added++
	}
	describe(report, m, m.GetImported().GetPriceSource())
	report.PricesLeftOut = c.leftOut(l, m)
}

// keep decides about a model that is there: it fills in and renews what imports wrote.
func (c *comparison) keep(l remote.Model, m *adminv1.Model, why string, report *adminv1.ImportedModel) {
	report.Action = adminv1.ImportAction_IMPORT_ACTION_KEEP
	switch {
	case m.GetImported() == nil:
		report.Note = "added by an admin"
	case why != "":
		report.Action, report.Note = adminv1.ImportAction_IMPORT_ACTION_EXCLUDE, why+", but there already: it stays"
		c.back(m, report)
	default:
		c.back(m, report)
		c.renewAlias(m, report)
		c.renewPrice(l, m, report)
		c.renewWindow(l, m, report)
	}
	if len(report.GetChanges()) > 0 && report.GetAction() != adminv1.ImportAction_IMPORT_ACTION_CONFLICT {
		report.Action = adminv1.ImportAction_IMPORT_ACTION_CHANGE
	}
	switch report.GetAction() {
	case adminv1.ImportAction_IMPORT_ACTION_CHANGE:
		c.counts.Changed++
	case adminv1.ImportAction_IMPORT_ACTION_EXCLUDE:
		c.counts.Excluded++
	case adminv1.ImportAction_IMPORT_ACTION_KEEP:
		c.counts.Kept++
	}
	describe(report, m, priceSource(m))
	report.PricesLeftOut = c.leftOut(l, m)
}

// back clears the flag of a model that is listed again.
func (c *comparison) back(m *adminv1.Model, report *adminv1.ImportedModel) {
	if m.GetImported().GetGoneTime() != nil {
		m.Imported.GoneTime = nil
		c.note(report, "listed again")
	}
}

func (c *comparison) renewWindow(l remote.Model, m *adminv1.Model, report *adminv1.ImportedModel) {
	want := cmp.Or(l.ContextWindow, c.known(l.ID).ContextWindow)
	if m.GetContextWindow() != m.GetImported().GetContextWindow() {
		report.Note = joined(report.GetNote(), "context window set by an admin")
		return
	}
	if want == 0 || want == m.GetContextWindow() {
		return
	}
	c.note(report, fmt.Sprintf("context_window: %d -> %d", m.GetContextWindow(), want))
	m.ContextWindow, m.Imported.ContextWindow = want, want
}

// vanished flags what imports brought and the provider no longer lists.
func (c *comparison) vanished() {
	for _, m := range c.next.GetModels() {
		if m.GetImported() == nil || c.listed[m.GetId()] {
			continue
		}
		report := &adminv1.ImportedModel{Id: m.GetId(), Action: adminv1.ImportAction_IMPORT_ACTION_GONE}
		if m.GetImported().GetGoneTime() == nil {
			m.Imported.GoneTime = timestamppb.New(c.Now)
			c.note(report, "no longer listed")
		} else {
			report.Note = "not listed since " + m.GetImported().GetGoneTime().AsTime().Format(time.DateOnly)
		}
		c.counts.Gone++
		describe(report, m, priceSource(m))
		c.models = append(c.models, report)
	}
}

// note says what changes.
func (c *comparison) note(report *adminv1.ImportedModel, text string) {
	report.Changes = append(report.Changes, text)
	c.changed = true
}

func (c *comparison) outcome() *Outcome {
	for _, m := range c.models {
		model := c.present[m.GetId()]
		for _, name := range []string{m.GetId(), model.GetAlias()} {
			for _, use := range c.Uses[name] {
				if name != "" && !slices.Contains(m.GetGroups(), use.Group) {
					m.Groups = append(m.Groups, use.Group)
				}
			}
		}
	}
	slices.SortStableFunc(c.models, func(a, b *adminv1.ImportedModel) int { return cmp.Compare(rank(a), rank(b)) })
	out := &Outcome{Provider: c.Provider, Models: c.models, Counts: c.counts}
	if c.changed {
		ids := make([]string, 0, len(c.removed))
		for id := range c.removed {
			ids = append(ids, id)
		}
		controlplane.SetRemovedModels(c.next, ids)
		out.Provider = c.next
	}
	return out
}

// rank puts what needs attention first.
func rank(m *adminv1.ImportedModel) int {
	return slices.Index([]adminv1.ImportAction{
		adminv1.ImportAction_IMPORT_ACTION_CONFLICT, adminv1.ImportAction_IMPORT_ACTION_ADD, adminv1.ImportAction_IMPORT_ACTION_CHANGE,
		adminv1.ImportAction_IMPORT_ACTION_GONE, adminv1.ImportAction_IMPORT_ACTION_KEEP, adminv1.ImportAction_IMPORT_ACTION_REMOVED,
		adminv1.ImportAction_IMPORT_ACTION_EXCLUDE,
	}, m.GetAction())
}
