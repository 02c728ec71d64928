package adminapi

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// RecheckInterval is how often a stream looks whether its caller may still have it.
const RecheckInterval = recheckInterval

// HashCheaply makes hashes of passwords cost next to nothing: most tests sign in and are about something else.
func HashCheaply(c *Config) { c.hashMemory = 64 }

// unused says that nothing has been used.
type unused struct{}

func (unused) KeyUse(context.Context, map[string]time.Time) (map[string]calllog.KeyUse, error) {
	return nil, nil
}

// ListKeys answers for a list of API keys of a configuration.
func ListKeys(c *controlplane.Config, now time.Time, req *adminv1.ListApiKeysRequest) error {
	s := keyService{usage: unused{}, now: func() time.Time { return now }}
	page, err := s.listing(req).list(c, req)
	s.views(context.Background(), page.resources)
	return err
}
