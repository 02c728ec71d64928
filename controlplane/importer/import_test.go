package importer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// trace writes steps as "p reading 3".
func trace(steps []*adminv1.ImportModelsResponse) []string {
	var out []string
	for _, s := range steps {
		stage := strings.ToLower(strings.TrimPrefix(s.GetStage().String(), "IMPORT_STAGE_"))
		line := strings.TrimSpace(s.GetProvider() + " " + stage)
		switch s.GetStage() {
		case adminv1.ImportStage_IMPORT_STAGE_READING:
			line += fmt.Sprintf(" %d", s.GetCounts().GetListed())
		case adminv1.ImportStage_IMPORT_STAGE_FAILED:
			line += ": " + s.GetError()
		case adminv1.ImportStage_IMPORT_STAGE_WRITING:
		default:
			line += fmt.Sprintf(" +%d", s.GetCounts().GetAdded())
		}
		out = append(out, line)
	}
	return out
}

// TestStory runs on both databases: models come, are used, vanish, and are removed.
func TestStory(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *world{
		"SQLite":     newWorld,
		"PostgreSQL": func(t *testing.T) *world { return openWorld(t, testenv.Postgres(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, open(t))
		})
	}
}

func story(t *testing.T, w *world) {
	w.put(t, &adminv1.Provider{
		Name: "p", Credentials: []*adminv1.Credential{{Name: "off", Secret: "sk-off", Enabled: new(false)}, {Name: "main", Secret: "sk-main"}},
		Headers: map[string]string{"x-team": "search"}, Models: []*adminv1.Model{{Id: "own", Alias: "best"}},
	})
	w.upstream.listed = []remote.Model{{ID: "v/a", Price: &adminv1.Price{Input: "1"}}, {ID: "v/b"}, {ID: "own"}}
	steps, err := w.importModels(t, &adminv1.ImportModelsRequest{
		Name: "p", Rules: &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{StripVendor: true}}, SaveRules: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trace(steps), []string{"p reading 0", "p reading 3", "p compared +2", "writing", "p done +2"}; !slices.Equal(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
	done := steps[len(steps)-1]
	if len(done.GetModels()) != 2 || done.GetRevision() != uint64(w.live.Current().Revision) || done.GetImport() == "" {
		t.Errorf("it ends with %v", done)
	}
	asked := w.upstream.asked[0]
	if asked.Secret != "sk-main" || asked.Headers["x-team"] != "search" || asked.BaseURL != "https://p.example/v1" {
		t.Errorf("the provider is asked with %+v", asked)
	}
	if ids := w.ids(t); !slices.Equal(ids, []string{"own", "v/a", "v/b"}) {
		t.Fatalf("models %v", ids)
	}
	if !w.provider(t).GetImport().GetRules().GetAlias().GetStripVendor() {
		t.Error("the rules are not saved")
	}

	// The same again writes nothing.
	revision := w.live.Current().Revision
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil || w.live.Current().Revision != revision {
		t.Errorf("the same again: %v, revision %d after %d", err, w.live.Current().Revision, revision)
	}

	// A group uses one by its alias, then both vanish: they are flagged and routed.
	group := &adminv1.Group{Name: "pool", Members: []*adminv1.Member{{Provider: "p", Model: "a"}, {Provider: "p", Model: "own"}}}
	if _, _, err := config.NewEditor(w.live).Create(t.Context(), "user:ann", group); err != nil {
		t.Fatal(err)
	}
	w.pass(24 * time.Hour)
	w.upstream.listed = []remote.Model{{ID: "own"}}
	plans, err := w.imports.Preview(t.Context(), &adminv1.PreviewImportRequest{Name: "p"}, func(string, int) {})
	if err != nil || plans[0].GetCounts().GetGone() != 2 || plans[0].GetModels()[0].GetGroups()[0] != "pool" {
		t.Fatalf("preview %v, %v", plans, err)
	}
	if w.provider(t).GetModels()[1].GetImported().GetGoneTime() != nil {
		t.Error("a preview changes something")
	}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	if at := w.provider(t).GetModels()[1].GetImported().GetGoneTime(); len(w.ids(t)) != 3 || !at.AsTime().Equal(w.now()) {
		t.Errorf("models %v, gone at %v", w.ids(t), at)
	}

	// Quick remove: refused for the group's sake, tried, then done.
	req := &adminv1.RemoveImportedModelsRequest{Name: "p", Gone: true}
	_, err = w.imports.Remove(t.Context(), "user:ann", req)
	wantCode(t, err, errs.FailedPrecondition)
	if !strings.Contains(err.Error(), `"pool"`) {
		t.Errorf("the refusal does not name the group: %v", err)
	}
	req.DryRun = true
	res, err := w.imports.Remove(t.Context(), "user:ann", req)
	if err != nil || !slices.Equal(res.GetModels(), []string{"v/a", "v/b"}) || len(res.GetMembers()) != 1 || res.GetMembers()[0].GetModel() != "a" || res.GetRevision() != 0 {
		t.Fatalf("dry run %v, %v", res, err)
	}
	req.DryRun, req.AlsoMembers = false, true
	if res, err = w.imports.Remove(t.Context(), "user:ann", req); err != nil || res.GetRevision() == 0 {
		t.Fatalf("removal %v, %v", res, err)
	}
	g, _ := w.live.Current().Get(controlplane.KindGroup, "pool")
	if members := g.Spec.(*adminv1.Group).GetMembers(); len(members) != 1 || members[0].GetModel() != "own" || len(w.ids(t)) != 1 {
		t.Errorf("members %v, models %v", members, w.ids(t))
	}

	// They stay away until they are asked for.
	w.upstream.listed = []remote.Model{{ID: "v/a"}, {ID: "v/b"}, {ID: "own"}}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil || len(w.ids(t)) != 1 {
		t.Errorf("removed models are back: %v, %v", w.ids(t), err)
	}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p", RestoreRemoved: true, Models: []string{"v/b"}}); err != nil || !slices.Equal(w.ids(t), []string{"own", "v/b"}) {
		t.Errorf("models %v, %v", w.ids(t), err)
	}
	runs, err := w.imports.Runs(t.Context(), &adminv1.ListImportsRequest{Provider: "p"})
	if err != nil || len(runs) != 5 || runs[0].GetCounts().GetAdded() != 1 || runs[0].GetActor() != "user:ann" || runs[3].GetRevision() != 0 {
		t.Errorf("imports %v, %v", runs, err)
	}
	var actors []string
	changes, err := w.config.Changes(t.Context(), revision, 100)
	for _, c := range changes {
		actors = append(actors, c.Actor)
	}
	if err != nil || slices.ContainsFunc(actors, func(a string) bool { return a != "user:ann" }) {
		t.Errorf("history is by %q, %v", actors, err)
	}
}

func TestRemoveByImportAndCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, &adminv1.Provider{Name: "p", Credentials: []*adminv1.Credential{{Name: "one", Secret: "sk-1"}, {Name: "two", Secret: "sk-2"}}})
	var ids []string
	for n, credential := range []string{"one", "two", "two"} {
		w.upstream.listed = append(w.upstream.listed, remote.Model{ID: fmt.Sprint("m", n)})
		steps, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p", Rules: &adminv1.ImportRules{Credential: credential}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, steps[len(steps)-1].GetImport())
	}
	for _, tc := range []struct {
		req  *adminv1.RemoveImportedModelsRequest
		want []string
	}{
		{&adminv1.RemoveImportedModelsRequest{}, []string{"m0", "m1", "m2"}},
		{&adminv1.RemoveImportedModelsRequest{Credential: "two"}, []string{"m1", "m2"}},
		{&adminv1.RemoveImportedModelsRequest{Import: ids[1]}, []string{"m1"}},
		{&adminv1.RemoveImportedModelsRequest{Import: ids[1], Credential: "one"}, nil},
		{&adminv1.RemoveImportedModelsRequest{Gone: true}, nil},
	} {
		tc.req.Name, tc.req.DryRun = "p", true
		res, err := w.imports.Remove(t.Context(), "user:ann", tc.req)
		if err != nil || !slices.Equal(res.GetModels(), tc.want) {
			t.Errorf("%v removes %v, %v; want %v", tc.req, res.GetModels(), err, tc.want)
		}
	}
	_, err := w.imports.Remove(t.Context(), "user:ann", &adminv1.RemoveImportedModelsRequest{Name: "nobody"})
	wantCode(t, err, errs.NotFound)
	revision := w.live.Current().Revision
	if _, err := w.imports.Remove(t.Context(), "user:ann", &adminv1.RemoveImportedModelsRequest{Name: "p", Import: "unknown"}); err != nil || w.live.Current().Revision != revision {
		t.Errorf("a removal of nothing: %v, revision %d after %d", err, w.live.Current().Revision, revision)
	}
}

func TestManyProvidersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const providers = 30
	for n := range providers {
		w.put(t, &adminv1.Provider{Name: fmt.Sprintf("eu-%02d", n)})
	}
	w.put(t, &adminv1.Provider{Name: "us", Enabled: new(false)})
	w.upstream.listed = []remote.Model{{ID: "m"}}
	w.upstream.fail = map[string]error{"https://eu-07.example/v1": errors.New("a fault of ours, with a secret: sk-canary")}
	before := w.live.Current().Revision
	steps, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "EU-*"})
	wantCode(t, err, errs.FailedPrecondition)
	if want := "failed to import 1 of 30 providers: eu-07: internal error"; !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %q, want %q", err, want)
	}
	after := w.live.Current()
	if after.Revision != before+1 {
		t.Errorf("revision %d after %d: it is not one transaction", after.Revision, before)
	}
	for _, r := range after.List(controlplane.KindProvider) {
		want := 1
		if r.Name == "eu-07" || r.Name == "us" {
			want = 0
		}
		if got := len(r.Spec.(*adminv1.Provider).GetModels()); got != want {
			t.Errorf("%s has %d models, want %d", r.Name, got, want)
		}
	}
	done := 0
	for _, line := range trace(steps) {
		if strings.HasSuffix(line, " done +1") {
			done++
		}
	}
	if done != providers-1 {
		t.Errorf("%d are done, want %d", done, providers-1)
	}
	plans, err := w.imports.Preview(t.Context(), &adminv1.PreviewImportRequest{Name: "*", Names: []string{"us"}}, func(string, int) {})
	if err != nil || len(plans) != providers+1 || plans[7].GetError() == "" || plans[providers].GetCounts().GetAdded() != 1 {
		t.Errorf("preview of %d, %v", len(plans), err)
	}
}

func TestWhatChangesNothing(t *testing.T) {
	t.Parallel()
	strip := &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{StripVendor: true}}
	for name, tc := range map[string]struct {
		req    *adminv1.ImportModelsRequest
		change func(t *testing.T, w *world)
		code   errs.Code
		text   string
	}{
		"no name":             {&adminv1.ImportModelsRequest{}, nil, errs.InvalidArgument, "name"},
		"an unknown provider": {&adminv1.ImportModelsRequest{Name: "q"}, nil, errs.NotFound, `"q"`},
		"a glob for nobody":   {&adminv1.ImportModelsRequest{Name: "q*"}, nil, errs.NotFound, "matches"},
		"an unknown credential": {&adminv1.ImportModelsRequest{Name: "p", Rules: &adminv1.ImportRules{Credential: "x"}}, nil,
			errs.FailedPrecondition, `no credential "x"`},
		"a bad price": {&adminv1.ImportModelsRequest{Name: "p", Rules: &adminv1.ImportRules{DefaultPrice: &adminv1.Price{Input: "cheap"}}}, nil,
			errs.InvalidArgument, "default_price"},
		"a blank keyword": {&adminv1.ImportModelsRequest{Name: "p", Rules: &adminv1.ImportRules{Include: []string{" "}}}, nil,
			errs.InvalidArgument, "include"},
		"names that clash": {&adminv1.ImportModelsRequest{Name: "p", Rules: strip}, nil, errs.InvalidArgument, `alias "m" is taken by model "x/m"`},
		"a price that is too high": {&adminv1.ImportModelsRequest{Name: "p", Rules: &adminv1.ImportRules{DefaultPrice: &adminv1.Price{Input: "10001"}}}, nil,
			errs.InvalidArgument, "must be at most"},
		"a provider that is deleted meanwhile": {&adminv1.ImportModelsRequest{Name: "p"}, func(t *testing.T, w *world) {
			if err := config.NewEditor(w.live).Delete(t.Context(), "user:ann", controlplane.KindProvider, "p", ""); err != nil {
				t.Error(err)
			}
		}, errs.Conflict, "deleted"},
		"a provider that moves meanwhile": {&adminv1.ImportModelsRequest{Name: "p"}, func(t *testing.T, w *world) {
			w.admin(t, func(p *adminv1.Provider) { p.BaseUrl = "https://elsewhere.example" })
		}, errs.Conflict, "the address of provider"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(t, &adminv1.Provider{Name: "p"})
			w.upstream.listed = []remote.Model{{ID: "x/m"}, {ID: "y/m"}}
			if tc.change != nil {
				w.upstream.during = func() { tc.change(t, w); w.upstream.during = nil }
			}
			_, err := w.importModels(t, tc.req)
			wantCode(t, err, tc.code)
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error %q does not tell of %q", err, tc.text)
			}
			if r, ok := w.live.Current().Get(controlplane.KindProvider, "p"); ok && len(r.Spec.(*adminv1.Provider).GetModels()) > 0 {
				t.Error("models were imported")
			}
		})
	}
}

// What an admin does while the list is read is there afterwards.
func TestAnEditDuringAnImportIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, &adminv1.Provider{Name: "p", Models: []*adminv1.Model{{Id: "own"}}})
	w.upstream.listed = []remote.Model{{ID: "a"}}
	w.upstream.during = func() {
		w.upstream.during = nil
		w.admin(t, func(p *adminv1.Provider) {
			p.Models[0].Alias = "mine"
			p.Models = append(p.Models, &adminv1.Model{Id: "a", Alias: "by-hand"})
		})
	}
	if _, err := w.importModels(t, &adminv1.ImportModelsRequest{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	models := w.provider(t).GetModels()
	if len(models) != 2 || models[0].GetAlias() != "mine" || models[1].GetAlias() != "by-hand" || models[1].GetImported() != nil {
		t.Errorf("models %v", models)
	}
}

// Whoever leaves before the writing leaves nothing behind, not even in the list of imports.
func TestLeavingChangesNothing(t *testing.T) {
	t.Parallel()
	for _, leaveAt := range []adminv1.ImportStage{
		adminv1.ImportStage_IMPORT_STAGE_READING, adminv1.ImportStage_IMPORT_STAGE_COMPARED, adminv1.ImportStage_IMPORT_STAGE_WRITING,
	} {
		for _, how := range []string{"cancels", "breaks the stream"} {
			t.Run(leaveAt.String()+" "+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.put(t, &adminv1.Provider{Name: "p"})
				w.upstream.listed = []remote.Model{{ID: "a"}}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				left := errors.New("the stream is broken")
				err := w.imports.Import(ctx, "user:ann", &adminv1.ImportModelsRequest{Name: "p"}, func(m *adminv1.ImportModelsResponse) error {
					if m.GetStage() != leaveAt {
						return nil
					}
					if how == "cancels" {
						cancel()
						return nil
					}
					return left
				})
				if err == nil || how != "cancels" && !errors.Is(err, left) {
					t.Errorf("error %v", err)
				}
				if ids := w.ids(t); len(ids) > 0 {
					t.Errorf("models %v were imported", ids)
				}
				if runs, err := w.imports.Runs(t.Context(), &adminv1.ListImportsRequest{}); err != nil || len(runs) > 0 {
					t.Errorf("imports %v, %v", runs, err)
				}
			})
		}
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, &adminv1.Provider{Name: "p", Credentials: []*adminv1.Credential{{Name: "main", Secret: "sk-stored"}}})
	w.upstream.listed = []remote.Model{{ID: "a"}}
	draft := func(base, secret string) *adminv1.PreviewImportRequest {
		return &adminv1.PreviewImportRequest{Provider: &adminv1.Provider{
			Name: "p", BaseUrl: base, Credentials: []*adminv1.Credential{{Name: "main", Secret: secret}},
		}}
	}
	for _, tc := range []struct {
		req  *adminv1.PreviewImportRequest
		sent string // "" is refused
	}{
		{draft("https://p.example/v1", ""), "sk-stored"},
		{draft("https://p.example:443/other", ""), "sk-stored"},
		{draft("https://thief.example/v1", ""), ""},
		{draft("http://p.example/v1", ""), ""},
		{draft("https://p.example:8443/v1", ""), ""},
		{draft("https://thief.example/v1", "sk-given"), "sk-given"},
	} {
		w.upstream.asked = nil
		plans, err := w.imports.Preview(t.Context(), tc.req, func(string, int) {})
		if tc.sent == "" {
			wantCode(t, err, errs.InvalidArgument)
			if len(w.upstream.asked) > 0 {
				t.Errorf("%v was asked", w.upstream.asked)
			}
			continue
		}
		if err != nil || len(plans) != 1 || plans[0].GetCounts().GetAdded() != 1 || w.upstream.asked[0].Secret != tc.sent {
			t.Errorf("plans %v, %v; asked %v", plans, err, w.upstream.asked)
		}
	}
	if len(w.ids(t)) > 0 || w.provider(t).GetBaseUrl() != "https://p.example/v1" {
		t.Error("a draft was stored")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, &adminv1.Provider{Name: "p", Import: &adminv1.ProviderImport{Interval: durationpb.New(10 * time.Hour)}})
	w.put(t, &adminv1.Provider{Name: "by-hand"})
	w.put(t, &adminv1.Provider{Name: "off", Enabled: new(false), Import: &adminv1.ProviderImport{Interval: durationpb.New(time.Hour)}})
	w.upstream.listed = []remote.Model{{ID: "a"}}
	round := func(want int, when string) {
		t.Helper()
		w.upstream.asked = nil
		if err := w.imports.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(w.upstream.asked); got != want {
			t.Errorf("%s: %d imports, want %d", when, got, want)
		}
	}
	round(1, "at first")
	round(0, "at once again")
	w.pass(10*time.Hour - time.Second)
	round(0, "before the interval has passed")
	w.pass(time.Hour + 2*time.Second)
	round(1, "an interval and a tenth later")

	// A failure is shown, and tried again sooner; it changes nothing.
	w.upstream.fail = map[string]error{"https://p.example/v1": errs.Newf(errs.Unavailable, "it does not answer")}
	w.pass(11*time.Hour + time.Second)
	failedAt := w.now()
	round(1, "when it fails")
	runs, err := w.imports.Runs(t.Context(), &adminv1.ListImportsRequest{Provider: "p"})
	if err != nil || len(runs) != 3 {
		t.Fatalf("imports %v, %v", runs, err)
	}
	if r := runs[0]; r.GetError() != "it does not answer" || !r.GetStartTime().AsTime().Equal(failedAt) || !r.GetScheduled() || r.GetActor() != "schedule" {
		t.Errorf("the failure shows as %v", r)
	}
	next := runs[0].GetNextStartTime().AsTime().Sub(failedAt)
	if next < 15*time.Minute || next > 16*time.Minute+30*time.Second || runs[1].GetNextStartTime() != nil {
		t.Errorf("the next is in %v, and %v", next, runs[1].GetNextStartTime())
	}
	if s := w.imports.Stats(); s.Failing != 1 || s.Failed != 1 || s.Succeeded != 2 {
		t.Errorf("stats %+v", s)
	}
	if ids := w.ids(t); !slices.Equal(ids, []string{"a"}) {
		t.Errorf("models %v", ids)
	}
	w.pass(14 * time.Minute)
	round(0, "before the next try")
	w.pass(3 * time.Minute)
	round(1, "at the next try")
	w.pass(29 * time.Minute)
	round(0, "after two failures")
	w.pass(5 * time.Minute)
	w.upstream.fail = nil
	round(1, "after twice the wait")
	if s := w.imports.Stats(); s.Failing != 0 {
		t.Errorf("stats %+v", s)
	}
	w.pass(time.Hour)
	round(0, "once it went well again")
}

// Of two replicas one makes the imports of a round.
func TestOneReplicaImports(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	a, b := openWorld(t, url), openWorld(t, url)
	a.put(t, &adminv1.Provider{Name: "p", Import: &adminv1.ProviderImport{Interval: durationpb.New(time.Hour)}})
	if err := b.live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.upstream.listed, b.upstream.listed = []remote.Model{{ID: "a"}}, []remote.Model{{ID: "a"}}
	a.upstream.during = func() {
		if err := b.imports.Round(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := a.imports.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(a.upstream.asked) != 1 || len(b.upstream.asked) != 0 {
		t.Errorf("asked %d and %d times", len(a.upstream.asked), len(b.upstream.asked))
	}
	if err := b.imports.Round(t.Context()); err != nil || len(b.upstream.asked) != 0 {
		t.Errorf("the other replica imports what was imported: %v", err)
	}
}
