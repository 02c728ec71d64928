package store

import "context"

// Exclusive runs do unless another replica runs the job of that name, and reports whether
// it ran: it is how every job that one replica must do for all is done. Call it at every
// round; whoever is first leads that round. The context of do ends when the lead is lost,
// so give it to whatever the job does.
func (s *Store) Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error) {
	ran, err := s.engine.Exclusive(ctx, job, do)
	return ran, s.failed(err, "run "+job)
}
