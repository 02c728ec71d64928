package store

import "context"

// Exclusive runs do unless another replica runs the job of that name, and reports whether
// it ran: it is how every job that one replica must do for all is done. Call it at every
// round; whoever is first has the lock for that round. The context of do ends when the lock
// is lost, so give it to whatever the job does.
func (db *DB) Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error) {
	ran, err := db.engine.Exclusive(ctx, job, do)
	return ran, db.failed(err, "run "+job)
}
