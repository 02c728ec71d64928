package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// importRun is an import that began n minutes after the epoch.
func importRun(id, uid string, n int, scheduled bool, failure string) importer.Run {
	return importer.Run{ProviderUID: uid, ImportRun: &adminv1.ImportRun{
		Id: id, Provider: "provider of " + uid, StartTime: timestamppb.New(epoch.Add(time.Duration(n) * time.Minute)),
		Duration: durationpb.New(time.Second), Scheduled: scheduled, Actor: "user:ü", Error: failure,
		Counts: &adminv1.ImportCounts{Listed: 3, Added: 2}, Revision: 7,
	}}
}

func imports(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	none, err := s.Imports(t.Context(), "", 10)
	must(t, err)
	wantEqual(t, "no imports", len(none), 0)

	a, b, c := importRun("a", "one", 1, false, ""), importRun("b", "two", 2, false, "it refuses the credential (401)"), importRun("c", "one", 2, false, "")
	for _, run := range []importer.Run{b, a, c} {
		must(t, s.RecordImport(t.Context(), run))
	}
	wantCode(t, s.RecordImport(t.Context(), a), errs.AlreadyExists)
	for _, list := range []struct {
		provider string
		limit    int
		want     []importer.Run
	}{
		{"", 10, []importer.Run{c, b, a}},
		{"", 2, []importer.Run{c, b}},
		{"provider of one", 10, []importer.Run{c, a}},
		{"provider of nobody", 10, []importer.Run{}},
	} {
		got, err := s.Imports(t.Context(), list.provider, list.limit)
		must(t, err)
		wantEqual(t, "imports of "+list.provider, got, list.want)
	}
}

func oldImportsAreForgotten(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	other := importRun("other", "two", 0, false, "")
	must(t, s.RecordImport(t.Context(), other))
	const more = 3
	for n := range importer.KeptRuns + more {
		must(t, s.RecordImport(t.Context(), importRun(fmt.Sprintf("run-%03d", n), "one", n, false, "")))
	}
	got, err := s.Imports(t.Context(), "provider of one", 1000)
	must(t, err)
	wantEqual(t, "imports that are kept", len(got), importer.KeptRuns)
	wantEqual(t, "the oldest that is kept", got[len(got)-1].GetId(), fmt.Sprintf("run-%03d", more))
	rest, err := s.Imports(t.Context(), "provider of two", 1000)
	must(t, err)
	wantEqual(t, "imports of another provider", rest, []importer.Run{other})
}

func importSchedulesCountFailures(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	for n, run := range []struct {
		uid       string
		scheduled bool
		failure   string
	}{
		{"one", true, "down"}, {"one", true, "down"}, {"one", true, ""}, {"one", true, "down"}, {"one", false, ""},
		{"two", true, "down"}, {"two", true, "down"}, {"two", false, "down"},
		{"three", false, ""},
	} {
		must(t, s.RecordImport(t.Context(), importRun(fmt.Sprint(n), run.uid, n, run.scheduled, run.failure)))
	}
	got, err := s.ImportSchedules(t.Context())
	must(t, err)
	slices.SortFunc(got, func(a, b importer.Schedule) int { return cmp.Compare(a.ProviderUID, b.ProviderUID) })
	wantEqual(t, "schedules", got, []importer.Schedule{
		{ProviderUID: "one", LastAt: epoch.Add(3 * time.Minute).UTC(), Failures: 1},
		{ProviderUID: "two", LastAt: epoch.Add(6 * time.Minute).UTC(), Failures: 2},
	})
}
