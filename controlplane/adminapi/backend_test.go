package adminapi_test

import (
	"bytes"
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// backend is what the API stands on: a database of its own and the live configuration on it.
type backend struct {
	db         *store.DB
	live       *config.Live
	editor     *config.Editor
	calls      calllog.Store
	gaps       calllog.GapStore
	access     access.Store
	sealer     controlplane.Sealer
	masterKeys *secrets.MasterKeys
	// recorder writes the audit log; log is where it is.
	recorder *audit.Recorder
	log      *auditLog
}

// auditLog is an audit log that tests make fail, or tamper with.
type auditLog struct {
	audit.Store
	down   atomic.Bool // takes no events
	forged atomic.Bool // the first event is of another actor
}

func (l *auditLog) AppendEvent(ctx context.Context, e audit.Event) error {
	if l.down.Load() {
		return errs.Newf(errs.Unavailable, "the database is not available")
	}
	return l.Store.AppendEvent(ctx, e)
}

func (l *auditLog) OldestEvents(ctx context.Context, f audit.Filter) ([]audit.Event, error) {
	events, err := l.Store.OldestEvents(ctx, f)
	if l.forged.Load() && len(events) > 0 {
		events[0].Actor = "user:nobody"
	}
	return events, err
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
	log := &auditLog{Store: store.NewAudit(db)}
	recorder := audit.NewRecorder(audit.Config{
		Store: log, Lock: db, Keep: func() time.Duration { return 400 * 24 * time.Hour }, Logger: e.logger(), Now: e.clock.Now,
	})
	return backend{recorder: recorder, log: log, db: db, live: live, editor: config.NewEditor(live), calls: store.NewCalls(db), gaps: store.NewCallGaps(db), access: store.NewAccess(db), sealer: sealer, masterKeys: masterKeys}
}
