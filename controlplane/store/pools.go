package store

import (
	"database/sql"
	"time"
)

// Pool is how a pool of connections to the database stands.
type Pool struct {
	Name        string // main, or reader and writer where they are apart
	Max         int    // connections that it may have
	Idle, InUse int
	Waits       int64 // how often somebody waited for one
	Waited      time.Duration
}

// Pools tells how the connections stand.
func (db *DB) Pools() []Pool {
	writer, reader := db.engine.Writer(), db.engine.Reader()
	if writer == reader {
		return []Pool{poolOf("main", writer)}
	}
	return []Pool{poolOf("reader", reader), poolOf("writer", writer)}
}

func poolOf(name string, db *sql.DB) Pool {
	s := db.Stats()
	return Pool{Name: name, Max: s.MaxOpenConnections, Idle: s.Idle, InUse: s.InUse, Waits: s.WaitCount, Waited: s.WaitDuration}
}
