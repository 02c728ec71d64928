package adminapi_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// importer is a real one, which may reach providers on loopback where they allow it.
func (e *env) importer(t *testing.T) *importer.Importer {
	t.Helper()
	i, err := importer.New(importer.Config{
		Live: e.backend.live, Opener: config.NewOpener(e.backend.live), Store: store.NewImports(e.backend.db), Lock: e.backend.db, Remote: remote.New(remote.Config{}), Now: e.clock.Now, Logger: e.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

const upstreamSecret = "sk-canary-of-the-upstream"

// listing is an API with a provider "hub" that lists as SPEC of fakeprovider says.
func listing(t *testing.T, spec string) (*env, *client, string) {
	t.Helper()
	e := start(t)
	upstream := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
	t.Cleanup(func() { upstream.CloseClientConnections(); upstream.Close() })
	admin := e.admin(t)
	ok(admin.providers.CreateProvider(t.Context(), &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{
		Name: "hub", BaseUrl: upstream.URL + "/lists/" + spec + "/v1", AllowPrivateNetwork: true,
		Credentials: []*adminv1.Credential{{Name: "main", Secret: upstreamSecret}},
	}}))(t)
	return e, admin, upstream.URL
}

// received reads a stream to its end.
func received[T any](t *testing.T, stream interface{ Receive() (T, error) }, err error) (all []T, failure error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := stream.Receive()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, m)
	}
}

// followed is a preview, and how many models the last message before it said were listed.
func followed(t *testing.T, c *client, provider string) (listed int32, plans []*adminv1.ImportPlan) {
	t.Helper()
	stream := ok(c.providers.FollowImportPreview(t.Context(), &adminv1.FollowImportPreviewRequest{Preview: &adminv1.PreviewImportRequest{Name: provider}}))(t)
	defer stream.Close()
	for plans == nil {
		m, err := stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if plans = m.GetPlans(); plans == nil {
			listed = m.GetListed()
		}
	}
	if _, err := stream.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("behind the plans came %v", err)
	}
	return listed, plans
}

func TestImportOfHundreds(t *testing.T) {
	t.Parallel()
	e, admin, _ := listing(t, "openrouter+count-700")
	plan := ok(admin.providers.PreviewImport(t.Context(), &adminv1.PreviewImportRequest{Name: "hub"}))(t)
	if got := plan.GetPlans()[0].GetCounts().GetAdded(); got != 700 {
		t.Errorf("the preview adds %d", got)
	}
	if listed, plans := followed(t, admin, "hub"); listed != 700 || len(plans) != 1 || plans[0].GetCounts().GetAdded() != 700 {
		t.Errorf("followed, the preview lists %d and plans %v", listed, plans)
	}
	if hub := ok(admin.providers.GetProvider(t.Context(), &adminv1.GetProviderRequest{Name: "hub"}))(t).GetProvider(); len(hub.GetModels()) > 0 {
		t.Error("a preview imports")
	}
	stream, err := admin.providers.ImportModels(t.Context(), &adminv1.ImportModelsRequest{Name: "hub"})
	steps, err := received(t, stream, err)
	if err != nil {
		t.Fatal(err)
	}
	last := steps[len(steps)-1]
	if last.GetStage() != adminv1.ImportStage_IMPORT_STAGE_DONE || len(last.GetModels()) != 700 || last.GetModels()[0].GetPrice().GetInput() != "0.15" {
		t.Errorf("it ends with %v of %d models", last.GetStage(), len(last.GetModels()))
	}
	hub := ok(admin.providers.GetProvider(t.Context(), &adminv1.GetProviderRequest{Name: "hub"}))(t).GetProvider()
	if m := hub.GetModels(); len(m) != 700 || m[699].GetImported().GetCredential() != "main" || m[699].GetImported().GetImport() != last.GetImport() {
		t.Errorf("%d models, the last %v", len(m), m[len(m)-1])
	}
	// Sent back as it was read, nothing changes: not the origin either, which nobody can set.
	hub.Models[0].Imported, hub.Models[1].Imported.Credential = nil, "forged"
	again := ok(admin.providers.UpdateProvider(t.Context(), &adminv1.UpdateProviderRequest{Provider: hub}))(t).GetProvider()
	if again.GetEtag() != hub.GetEtag() || again.GetModels()[1].GetImported().GetCredential() != "main" {
		t.Errorf("etag %q after %q, origin %v", again.GetEtag(), hub.GetEtag(), again.GetModels()[1].GetImported())
	}
	runs := ok(admin.providers.ListImports(t.Context(), &adminv1.ListImportsRequest{Provider: "hub"}))(t).GetImports()
	if len(runs) != 1 || runs[0].GetActor() != "user:"+adminUser || runs[0].GetCounts().GetAdded() != 700 || runs[0].GetId() != last.GetImport() {
		t.Errorf("imports %v", runs)
	}
	res := ok(admin.providers.RemoveImportedModels(t.Context(), &adminv1.RemoveImportedModelsRequest{Name: "hub", Import: last.GetImport()}))(t)
	if len(res.GetModels()) != 700 || res.GetRevision() == 0 {
		t.Errorf("removed %d models at %d", len(res.GetModels()), res.GetRevision())
	}
	noCanary(t, e)
}

// noCanary: no answer and no log line has the upstream's secret.
func noCanary(t *testing.T, e *env) {
	t.Helper()
	for where, text := range map[string]string{"an answer": e.seen.String(), "the log": e.logs.String()} {
		if strings.Contains(text, "canary-of-the-upstream") {
			t.Errorf("%s holds the upstream's secret", where)
		}
	}
}

func TestImportFailures(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]struct {
		code connect.Code
		text string
	}{
		"key-another": {connect.CodeFailedPrecondition, `provider "hub": it refuses the credential (401)`},
		"html":        {connect.CodeFailedPrecondition, "web page rather than JSON"},
		"error":       {connect.CodeFailedPrecondition, "an error in place of a list"},
		"huge-5":      {connect.CodeFailedPrecondition, "more than 4 MiB"},
		"status-503":  {connect.CodeUnavailable, "(503)"},
		"away":        {connect.CodeFailedPrecondition, "redirects to http://elsewhere.invalid"},
	} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			e, admin, _ := listing(t, spec)
			revision := e.backend.live.Current().Revision
			_, err := admin.providers.PreviewImport(t.Context(), &adminv1.PreviewImportRequest{Name: "hub"})
			if failure := wantCode(t, err, want.code); !strings.Contains(failure.Message(), want.text) {
				t.Errorf("the preview fails with %q, want %q", failure.Message(), want.text)
			}
			stream, err := admin.providers.ImportModels(t.Context(), &adminv1.ImportModelsRequest{Name: "hub"})
			steps, err := received(t, stream, err)
			if failure := wantCode(t, err, want.code); !strings.Contains(failure.Message(), want.text) {
				t.Errorf("the import fails with %q, want %q", failure.Message(), want.text)
			}
			if last := steps[len(steps)-1]; last.GetStage() != adminv1.ImportStage_IMPORT_STAGE_FAILED || last.GetError() == "" {
				t.Errorf("the last step is %v", last)
			}
			if got := e.backend.live.Current().Revision; got != revision {
				t.Errorf("the revision went from %d to %d", revision, got)
			}
			runs := ok(admin.providers.ListImports(t.Context(), &adminv1.ListImportsRequest{}))(t).GetImports()
			if len(runs) != 1 || !strings.Contains(runs[0].GetError(), strings.TrimPrefix(want.text, `provider "hub": `)) {
				t.Errorf("imports %v", runs)
			}
			noCanary(t, e)
		})
	}
}

func TestImportViolations(t *testing.T) {
	t.Parallel()
	_, admin, base := listing(t, "openai")
	preview := func(req *adminv1.PreviewImportRequest) error {
		_, err := admin.providers.PreviewImport(t.Context(), req)
		return err
	}
	importing := func(req *adminv1.ImportModelsRequest) error {
		stream, err := admin.providers.ImportModels(t.Context(), req)
		_, err = received(t, stream, err)
		return err
	}
	draft := &adminv1.Provider{Name: "hub", BaseUrl: "https://thief.example", Credentials: []*adminv1.Credential{{Name: "main"}}}
	test := func(req *adminv1.TestProviderRequest) error {
		stream, err := admin.providers.TestProvider(t.Context(), req)
		_, err = received(t, stream, err)
		return err
	}
	for name, tc := range map[string]struct {
		err  error
		want string // the field
	}{
		"nothing":          {preview(&adminv1.PreviewImportRequest{}), "name"},
		"an empty keyword": {preview(&adminv1.PreviewImportRequest{Name: "hub", Rules: &adminv1.ImportRules{Include: []string{""}}}), "rules.include[0]"},
		"a bad price":      {importing(&adminv1.ImportModelsRequest{Name: "hub", Rules: &adminv1.ImportRules{DefaultPrice: &adminv1.Price{Input: "x"}}}), "rules.default_price"},
		"an alias that is taken": {importing(&adminv1.ImportModelsRequest{Name: "hub", Rules: &adminv1.ImportRules{
			Aliases: map[string]string{"vendor/Model-0000": "same", "vendor/Model-0001": "same"}}}), `rules.aliases["vendor/Model-0001"]`},
		"a preview of a draft that moves a secret": {preview(&adminv1.PreviewImportRequest{Provider: draft}), "provider.credentials[0].secret"},
		"a test of a draft that moves a secret":    {test(&adminv1.TestProviderRequest{Provider: draft}), "provider.credentials[0].secret"},
		"a test of nothing":                        {test(&adminv1.TestProviderRequest{}), "name"},
		"a chat without a model":                   {test(&adminv1.TestProviderRequest{Name: "hub", Chat: true}), "model"},
		"a draft with a bad address":               {preview(&adminv1.PreviewImportRequest{Provider: &adminv1.Provider{Name: "new", BaseUrl: "ftp://x"}}), "provider.base_url"},
		"a removal without a provider": {func() error {
			_, err := admin.providers.RemoveImportedModels(t.Context(), &adminv1.RemoveImportedModelsRequest{})
			return err
		}(), "name"},
	} {
		if got := violations(t, tc.err); len(got) == 0 || !strings.HasPrefix(got[0], tc.want) {
			t.Errorf("%s: violations %q, want one of %s", name, got, tc.want)
		}
	}
	wantCode(t, test(&adminv1.TestProviderRequest{Name: "nobody"}), connect.CodeNotFound)
	wantCode(t, test(&adminv1.TestProviderRequest{Name: "hub", Credential: "none"}), connect.CodeFailedPrecondition)
	if err := preview(&adminv1.PreviewImportRequest{Provider: &adminv1.Provider{Name: "new", BaseUrl: base, AllowPrivateNetwork: true}}); err != nil {
		t.Errorf("a draft of a new provider: %v", err)
	}
}

func TestTestProvider(t *testing.T) {
	t.Parallel()
	e, admin, _ := listing(t, "openai")
	stream, err := admin.providers.TestProvider(t.Context(), &adminv1.TestProviderRequest{Name: "hub", Chat: true, Model: "ok"})
	steps, err := received(t, stream, err)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		got = append(got, s.GetStep().String()+" "+s.GetResult().String())
		if (s.GetDuration() == nil) != (s.GetResult() == adminv1.TestResult_TEST_RESULT_SKIPPED) {
			t.Errorf("%v took %v", s.GetStep(), s.GetDuration())
		}
	}
	want := []string{
		"TEST_STEP_DNS TEST_RESULT_SKIPPED", "TEST_STEP_TCP TEST_RESULT_OK", "TEST_STEP_TLS TEST_RESULT_SKIPPED",
		"TEST_STEP_MODELS TEST_RESULT_OK", "TEST_STEP_CHAT TEST_RESULT_OK",
	}
	if !slices.Equal(got, want) {
		t.Errorf("steps %q", got)
	}
	noCanary(t, e)
}
