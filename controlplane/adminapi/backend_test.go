package adminapi_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
)

// backend is what the API stands on: a database of its own and the live configuration on it.
type backend struct {
	db     *store.DB
	live   *config.Live
	calls  calllog.Store
	gaps   calllog.GapStore
	access access.Store
	sealer controlplane.Sealer

	masterKeys *secrets.MasterKeys
}

func (e *env) open(t *testing.T) backend {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:///" + filepath.Join(t.TempDir(), "trunkline.db"), Logger: e.logger(), Now: e.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	masterKeys, err := secrets.OpenMasterKeys(t.Context(), secrets.MasterConfig{
		Ring: sealer, Store: store.NewMasterKeys(db), Lock: db, Logger: e.logger(), Now: e.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.New(config.Options{
		Store: store.NewConfiguration(db), Sealer: sealer, Pepper: bytes.Repeat([]byte{9}, 32), Now: e.clock.Now, Logger: e.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return backend{db: db, live: live, calls: store.NewCalls(db), gaps: store.NewCallGaps(db), access: store.NewAccess(db), sealer: sealer, masterKeys: masterKeys}
}
