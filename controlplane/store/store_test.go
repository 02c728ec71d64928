package store_test

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/controlplane/store/storetest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

func TestPostgresConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Database {
		return storetest.Database{Open: opener(testenv.Postgres(t)), Replicas: 2}
	})
}

func TestSQLiteConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Database {
		return storetest.Database{Open: opener(sqliteURL(filepath.Join(t.TempDir(), "trunkline.db"))), Replicas: 1}
	})
}

// opener opens a database again and again.
func opener(url string) func(testing.TB, func() time.Time) storetest.Store {
	return func(t testing.TB, now func() time.Time) storetest.Store {
		t.Helper()
		return open(t, store.Config{URL: url, Now: now})
	}
}

// open opens a store that the end of the test closes.
func open(t testing.TB, cfg store.Config) storetest.Store {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return storetest.Store{
		DB:              db,
		ConfigStore:     store.NewConfiguration(db),
		CallStore:       store.NewCalls(db),
		GapStore:        store.NewCallGaps(db),
		UsageStore:      store.NewUsage(db),
		BodyStore:       store.NewBodies(db),
		AccessStore:     store.NewAccess(db),
		SecretStore:     store.NewSecrets(db),
		MasterKeyStore:  store.NewMasterKeys(db),
		ImportStore:     store.NewImports(db),
		FleetStore:      store.NewFleet(db),
		EnrollmentStore: store.NewEnrollment(db),
		AlertStore:      store.NewAlerts(db),
		AuditStore:      store.NewAudit(db),
		RolloutStore:    store.NewRollouts(db),
	}
}

// sqliteURL is the URL of an absolute path.
func sqliteURL(path string) string {
	return "sqlite:///" + (&url.URL{Path: path}).EscapedPath()
}
