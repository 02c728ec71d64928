package server

import (
	"errors"
	"iter"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// apply brings a snapshot into use: compiled first, then swapped, so a bad one changes nothing.
func (s *Server) apply(in *nodev1.Snapshot, p *pace.Pace) error {
	compiled, err := dataplane.CompileAfter(s.overlay.Snapshot(), in, p)
	if err != nil {
		return err
	}
	if err := s.pool.Check(compiled); err != nil {
		return err
	}
	s.reach(compiled, in)
	s.overlay.Use(compiled)
	s.health.Forget(compiled.Has)
	s.limits.Use(compiled.Keys(), p)
	s.background.Use(compiled)
	return nil
}

// change brings what changed since the snapshot in use into use. What belongs to providers, groups and
// keywords is touched only when one of these changed.
func (s *Server) change(c *dataplane.Change, p *pace.Pace) error {
	before := s.overlay.Snapshot()
	if before == nil {
		return errors.New("there is no snapshot that could change")
	}
	compiled, err := before.With(c, p)
	if err != nil {
		return err
	}
	if c.Rest != nil {
		if err := s.pool.Check(compiled); err != nil {
			return err
		}
		s.reach(compiled, c.Rest)
	}
	s.overlay.Use(compiled)
	if c.Rest != nil {
		s.health.Forget(compiled.Has)
	}
	s.limits.Change(keysOf(before, c), keysOf(compiled, c))
	s.background.Use(compiled)
	return nil
}

// reach prepares the ways to the providers of a snapshot, and what is told of them.
func (s *Server) reach(compiled *dataplane.Snapshot, in *nodev1.Snapshot) {
	s.meter.use(in)
	s.pool.Update(compiled)
	s.minting.Use(compiled)
	s.traces.Use(compiled)
}

// keysOf gives the API keys of a snapshot whose secrets a change names.
func keysOf(s *dataplane.Snapshot, c *dataplane.Change) iter.Seq[*dataplane.APIKey] {
	return func(yield func(*dataplane.APIKey) bool) {
		for _, k := range c.Keys {
			if key := s.KeyOf(dataplane.KeyHash(k.GetHash())); key != nil && !yield(key) {
				return
			}
		}
		for _, hash := range c.Gone {
			if key := s.KeyOf(hash); key != nil && !yield(key) {
				return
			}
		}
	}
}
