package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/rollout"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// rolloutAPI is what the admin API decides rollouts with; nil in the all-in-one.
func (s *Server) rolloutAPI() adminapi.Rollouts {
	if s.rollouts == nil {
		return nil
	}
	return s.rollouts
}

func (s *Server) rolloutState() *adminv1.Rollout {
	if s.rollouts == nil {
		return &adminv1.Rollout{State: adminv1.RolloutState_ROLLOUT_STATE_OFF}
	}
	return s.rollouts.Rollout()
}

func (s *Server) rolloutStats() rollout.Stats {
	if s.rollouts == nil {
		return rollout.Stats{State: adminv1.RolloutState_ROLLOUT_STATE_OFF}
	}
	return s.rollouts.Stats()
}

// registerRollouts shows how changes reach the nodes.
func registerRollouts(reg prometheus.Registerer, read func() rollout.Stats) {
	is := func(name, help string, states ...adminv1.RolloutState) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			for _, state := range states {
				if read().State == state {
					return 1
				}
			}
			return 0
		}))
	}
	is("trunkline_rollout_active", "1 while a change of the configuration is tried on some nodes, or held there.",
		adminv1.RolloutState_ROLLOUT_STATE_APPLYING, adminv1.RolloutState_ROLLOUT_STATE_WATCHING, adminv1.RolloutState_ROLLOUT_STATE_HELD)
	is("trunkline_rollout_held", "1 while a change is held back because something is wrong on the nodes that had it first.", adminv1.RolloutState_ROLLOUT_STATE_HELD)
	steps := func(step string, count func(rollout.Stats) uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_rollout_steps_total", Help: "Rollout steps decided by this replica.", ConstLabels: prometheus.Labels{"step": step},
		}, func() float64 { return float64(count(read())) }))
	}
	steps("begun", func(s rollout.Stats) uint64 { return s.Begun })
	steps("held", func(s rollout.Stats) uint64 { return s.Held })
	steps("promoted", func(s rollout.Stats) uint64 { return s.Promoted })
	steps("taken_back", func(s rollout.Stats) uint64 { return s.TakenBack })
}
