package server

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/store"
)

// secure lets the node link be served over TLS to nodes that have joined, unless it stays
// in memory.
func (s *Server) secure(ctx context.Context, cfg Config, sealer controlplane.Sealer, link *nodeapi.Config) error {
	if cfg.AllInOne != nil {
		return nil
	}
	authority, err := pki.Ensure(ctx, store.NewSecrets(s.db), sealer, time.Now)
	if err != nil {
		return err
	}
	s.enrollment, err = enrollment.New(ctx, enrollment.Config{
		Store: store.NewEnrollment(s.db), Authority: authority, Sealer: sealer, Preset: cfg.JoinToken,
		Connected: func(node string) bool {
			n, err := s.fleet.Node(node)
			return err == nil && n.GetConnected()
		},
		Changed: func() { s.nodes.Recheck() }, Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	link.Identities, link.TLS = s.enrollment, authority.ServerTLS()
	return nil
}

// enrollmentAPI is what the admin API makes join tokens with; nil in memory, and not an interface
// that holds nil.
func (s *Server) enrollmentAPI() adminapi.Enrollment {
	if s.enrollment == nil {
		return nil
	}
	return s.enrollment
}

// authorityAPI is the same for the authority's key.
func (s *Server) authorityAPI() adminapi.Authority {
	if s.enrollment == nil {
		return nil
	}
	return s.enrollment
}
