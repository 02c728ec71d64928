package adminapi_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
)

// importer is a real one, which may reach providers on loopback where they allow it.
func (e *env) importer(t *testing.T) *importer.Importer {
	t.Helper()
	i, err := importer.New(importer.Config{
		Live: e.backend.live, Store: e.backend.store, Remote: remote.New(remote.Config{}), Now: e.clock.Now, Logger: e.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}
