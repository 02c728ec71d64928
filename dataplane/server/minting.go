package server

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/minting"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

// openMinting makes what gets tokens for credentials that are not sent themselves.
func (s *Server) openMinting(cfg *Config, changed func()) (err error) {
	how := cfg.Minting
	how.AllowPrivateNetwork = cfg.AllInOne != nil
	s.minting, err = minting.New(minting.Config{
		Mint: cloudauth.New(how).Mint, Logger: cfg.Logger, OnChange: changed, Metrics: cfg.Metrics,
	})
	return err
}

// mintedHealth is the health of a node whose credentials may lack a token. That is each node's own
// trouble and passes by itself when a token comes, so others are not told and nothing is probed.
type mintedHealth struct {
	healthStore
	keeper *minting.Keeper
}

// Condition is that of the scope; a credential without a token is open.
func (h *mintedHealth) Condition(s dataplane.Scope) dataplane.Condition {
	if c, minted := h.keeper.Condition(s); minted && c.State != dataplane.Closed {
		return c
	}
	return h.healthStore.Condition(s)
}

// Snapshot lists credentials without a token too.
func (h *mintedHealth) Snapshot() []dataplane.ScopeHealth {
	lines := h.healthStore.Snapshot()
	for _, outage := range h.keeper.Outages() {
		lines = slices.DeleteFunc(lines, func(l dataplane.ScopeHealth) bool { return l.Scope == outage.Scope })
		lines = append(lines, outage)
	}
	return lines
}

// Reset ends a cooldown, and tries at once to get a token that is missing.
func (h *mintedHealth) Reset(s dataplane.Scope) {
	h.healthStore.Reset(s)
	h.keeper.Retry(s)
}
