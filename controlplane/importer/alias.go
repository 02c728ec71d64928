package importer

import (
	"fmt"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// alias is the alias that the rules want for an id; "" for none.
func (c *comparison) alias(id string) string {
	if alias, ok := c.Rules.GetAliases()[id]; ok {
		if alias == id {
			return ""
		}
		return alias
	}
	return templated(c.Rules.GetAlias(), id)
}

// clash says why a model cannot have an alias; "" when it can.
func (c *comparison) clash(alias, id string) string {
	owner, taken := c.names[alias]
	switch {
	case utf8.RuneCountInString(alias) > maxAlias:
		return fmt.Sprintf("its alias would be longer than %d characters", maxAlias)
	case !plaintext.IsPlain(alias):
		return "its alias " + plaintext.Rule
	case taken && owner == alias && owner != id, c.adding[alias] && alias != id:
		return fmt.Sprintf("alias %q is the id of another model", alias)
	case taken && owner != id:
		return fmt.Sprintf("alias %q is taken by model %q", alias, owner)
	}
	return ""
}

const maxAlias = 256 // characters, as Model.alias says

// conflict reports a name that cannot be given. It is for the admin to resolve, unless
// the rules say to go without.
func (c *comparison) conflict(report *adminv1.ImportedModel, text string) {
	report.Note = joined(report.GetNote(), text)
	c.counts.Conflicts++
	if !c.Rules.GetSkipAliasConflicts() {
		report.Action = adminv1.ImportAction_IMPORT_ACTION_CONFLICT
	}
}

func (c *comparison) renewAlias(m *adminv1.Model, report *adminv1.ImportedModel) {
	want := c.alias(m.GetId())
	if m.GetAlias() != m.GetImported().GetAlias() {
		report.Note = joined(report.GetNote(), "alias set by an admin")
		return
	}
	if want == "" || want == m.GetAlias() {
		return
	}
	if uses := c.Uses[m.GetAlias()]; m.GetAlias() != "" && len(uses) > 0 {
		report.Note = joined(report.GetNote(), fmt.Sprintf("alias %q stays: group %q uses it", m.GetAlias(), uses[0].Group))
		return
	}
	if text := c.clash(want, m.GetId()); text != "" {
		c.conflict(report, text)
		return
	}
	c.note(report, change("alias", m.GetAlias(), want))
	delete(c.names, m.GetAlias())
	m.Alias, m.Imported.Alias, c.names[want] = want, want, m.GetId()
}
