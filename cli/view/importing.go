package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// origin says where a model comes from.
func origin(m *adminv1.ModelImport) string {
	switch {
	case m == nil:
		return "-"
	case m.GetGoneTime() != nil:
		return "import, gone since " + m.GetGoneTime().AsTime().Format(time.DateOnly)
	}
	return "import"
}

func importedModel(m *adminv1.ImportedModel) []string {
	from := m.GetPriceSource()
	if price(m.GetPrice()) == "-" {
		from = ""
	}
	why := append([]string{}, m.GetChanges()...)
	if m.GetNote() != "" {
		why = append(why, m.GetNote())
	}
	if len(m.GetPricesLeftOut()) > 0 {
		why = append(why, "not in its price: "+strings.Join(m.GetPricesLeftOut(), ", "))
	}
	if len(m.GetGroups()) > 0 {
		why = append(why, "used by "+strings.Join(m.GetGroups(), ", "))
	}
	return []string{
		m.GetId(), short(m.GetAction().String(), "IMPORT_ACTION_"), output.Text(m.GetAlias()), price(m.GetPrice()), output.Text(from),
		tokens(m.GetContextWindow()), output.Text(strings.Join(why, "; ")),
	}
}

// importStep is one line of an import's progress.
func importStep(s *adminv1.ImportModelsResponse) []string {
	what := counts(s.GetCounts())
	switch s.GetStage() {
	case adminv1.ImportStage_IMPORT_STAGE_READING:
		what = "-"
		if n := s.GetCounts().GetListed(); n > 0 {
			what = fmt.Sprintf("%d listed", n)
		}
	case adminv1.ImportStage_IMPORT_STAGE_FAILED:
		what = s.GetError()
	case adminv1.ImportStage_IMPORT_STAGE_WRITING:
		what = "-"
	case adminv1.ImportStage_IMPORT_STAGE_DONE:
		what += fmt.Sprintf("; revision %d, import %s", s.GetRevision(), s.GetImport())
	}
	return []string{output.Text(s.GetProvider()), short(s.GetStage().String(), "IMPORT_STAGE_"), what}
}

func importRun(r *adminv1.ImportRun) []string {
	result := counts(r.GetCounts())
	if r.GetError() != "" {
		result = "failed: " + r.GetError()
	}
	return []string{
		output.Time(r.GetStartTime()), r.GetProvider(), r.GetActor(), output.Duration(r.GetDuration()), result, output.Time(r.GetNextStartTime()), r.GetId(),
	}
}

func testStep(s *adminv1.TestProviderResponse) []string {
	return []string{
		short(s.GetStep().String(), "TEST_STEP_"), short(s.GetResult().String(), "TEST_RESULT_"),
		output.Duration(s.GetDuration()), output.Text(s.GetDetail()),
	}
}

// counts says what an import did: 2 added, 1 gone, of 40 listed.
func counts(c *adminv1.ImportCounts) string {
	var parts []string
	for _, part := range [...]struct {
		n    int32
		what string
	}{
		{c.GetAdded(), "added"}, {c.GetChanged(), "changed"}, {c.GetGone(), "gone"}, {c.GetConflicts(), "in conflict"}, {c.GetKept(), "kept"},
		{c.GetExcluded(), "left out"}, {c.GetRemoved(), "removed before"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	return fmt.Sprintf("%s, of %d listed", strings.Join(parts, ", "), c.GetListed())
}

func tokens(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// short is the name of an enum's value as people say it.
func short(name, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", " "))
}
