package importer_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// world is an importer on a real database, with providers that list what tests say.
type world struct {
	live     *config.Live
	config   *store.Configuration
	imports  *importer.Importer
	upstream *upstream

	mu sync.Mutex // guards at
	at time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return openWorld(t, "sqlite:///"+filepath.Join(t.TempDir(), "trunkline.db"))
}

func openWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), upstream: &upstream{}}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := store.Open(t.Context(), store.Config{URL: url, Logger: logger, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w.config = store.NewConfiguration(db)
	w.live, err = config.New(config.Options{
		Store: w.config, Sealer: sealer, Pepper: bytes.Repeat([]byte{9}, 32), Now: w.now, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.imports, err = importer.New(importer.Config{Live: w.live, Opener: config.NewOpener(w.live), Store: store.NewImports(db), Lock: db, Remote: w.upstream, Now: w.now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// upstream lists the same models for every provider, and knows what it was asked with.
type upstream struct {
	mu     sync.Mutex // guards asked; the rest is set between imports
	asked  []remote.Target
	listed []remote.Model
	fail   map[string]error // by base URL
	// during is called while the list is being read.
	during func()
}

func (u *upstream) Models(ctx context.Context, t remote.Target, progress func(int)) ([]remote.Model, error) {
	u.mu.Lock()
	u.asked = append(u.asked, t)
	u.mu.Unlock()
	if u.during != nil {
		u.during()
	}
	if err := u.fail[t.BaseURL]; err != nil {
		return nil, err
	}
	progress(len(u.listed))
	return slices.Clone(u.listed), ctx.Err()
}

func (*upstream) Test(context.Context, remote.Target, string, func(remote.Step) error) error {
	return nil
}

// put creates a provider, or replaces one.
func (w *world) put(t *testing.T, p *adminv1.Provider) {
	t.Helper()
	if p.GetBaseUrl() == "" {
		p.BaseUrl = "https://" + p.GetName() + ".example/v1"
	}
	if _, err := config.NewEditor(w.live).Apply(t.Context(), "user:ann", []proto.Message{p}, config.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
}

// admin edits provider p as the console does: what it reads, changed.
func (w *world) admin(t *testing.T, edit func(*adminv1.Provider)) {
	t.Helper()
	r, ok := w.live.Current().Get(controlplane.KindProvider, "p")
	if !ok {
		p := &adminv1.Provider{Name: "p"}
		edit(p)
		w.put(t, p)
		return
	}
	p := config.Public(r).(*adminv1.Provider)
	edit(p)
	if _, err := config.NewEditor(w.live).Update(t.Context(), "user:ann", p); err != nil {
		t.Fatal(err)
	}
}

// provider is p as it is stored.
func (w *world) provider(t *testing.T) *adminv1.Provider {
	t.Helper()
	r, ok := w.live.Current().Get(controlplane.KindProvider, "p")
	if !ok {
		t.Fatal("there is no provider p")
	}
	return r.Spec.(*adminv1.Provider)
}

func (w *world) ids(t *testing.T) (ids []string) {
	t.Helper()
	for _, m := range w.provider(t).GetModels() {
		ids = append(ids, m.GetId())
	}
	return ids
}

// importModels imports, and gives all steps.
func (w *world) importModels(t *testing.T, req *adminv1.ImportModelsRequest) (steps []*adminv1.ImportModelsResponse, err error) {
	t.Helper()
	err = w.imports.Import(t.Context(), "user:ann", req, func(m *adminv1.ImportModelsResponse) error {
		steps = append(steps, m)
		return nil
	})
	return steps, err
}

func wantCode(t *testing.T, err error, code errs.Code) {
	t.Helper()
	if err == nil || errs.CodeOf(err) != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}
