package adminapi

import (
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ListKeys answers for a list of API keys of a configuration.
func ListKeys(c *controlplane.Config, now time.Time, req *adminv1.ListApiKeysRequest) error {
	s := keyService{now: func() time.Time { return now }}
	page, err := s.listing(req).list(c, req)
	for _, r := range page.resources {
		s.view(r)
	}
	return err
}
