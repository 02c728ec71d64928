// Package spool keeps records on disk, in order, until they are acknowledged: those of a
// process that is killed are read by the next one. It knows nothing of what they hold.
//
// Records are appended to segments, files named by the number of their first record. What
// is acknowledged is told by a cursor; a segment is removed when the cursor has left it.
// The cursor is written first and the file removed then, so whichever of the two a crash
// leaves undone, nothing is lost; something may be read twice, and whoever takes the
// records must know them again.
//
// A disk that is full, read-only or broken is no error of the spool: it hands back what
// it could not keep, and tries again a little later.
package spool

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Config says where records are kept, and how many. Zero values mean the defaults.
type Config struct {
	Dir          string        // required; made, for nobody else to read, when it is not there
	Lock         *os.File      // from LockDir; Open takes it over. Default: Open takes the lock itself
	SegmentBytes int64         // size at which the next file is begun; default 16 MiB
	MaxBytes     int64         // of all files; old ones are dropped to stay below; default 1 GiB
	MaxAge       time.Duration // after which a file is dropped; default 7 days
	// Drop is told of each segment before it is dropped. When it returns nil, what must
	// outlast the segment is safe elsewhere; with an error the segment stays. It is called
	// by the goroutine that writes. Default: nothing of a segment outlasts it.
	Drop func(Doomed) error
	// Dropped are segments for which Drop has returned nil, but that may be there still.
	Dropped []Range
	// Removed is told, by its first record, of each segment that is there no more.
	Removed func(first uint64)
	// Lost is told how many records could not be read, and when the last was written.
	Lost func(n uint64, last time.Time)
	// MinFree is the part of the disk, 0 to 1, that is left to others: with less free,
	// nothing is written; default 0.05, negative: use all.
	MinFree float64
	// RetryAfter is how long a disk that failed is left alone; default 5s.
	RetryAfter time.Duration
	Logger     *slog.Logger                               // required
	Now        func() time.Time                           // default time.Now
	FreeDisk   func(dir string) (part float64, err error) // default: asks the system
}

func (c *Config) complete() error {
	if c.Dir == "" || c.Logger == nil {
		return errors.New("spool: Dir and Logger are required")
	}
	c.MaxBytes = cmp.Or(c.MaxBytes, 1<<30)
	// The first segment cannot be dropped, nor can the one that is written to.
	c.SegmentBytes = min(cmp.Or(c.SegmentBytes, 16<<20), c.MaxBytes/3)
	c.MaxAge = cmp.Or(c.MaxAge, 7*24*time.Hour)
	c.MinFree = cmp.Or(c.MinFree, 0.05)
	c.RetryAfter = cmp.Or(c.RetryAfter, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FreeDisk == nil {
		c.FreeDisk = freeDisk
	}
	return nil
}

// ErrInUse is the error of Open when another process has the folder.
var ErrInUse = errors.New("the folder is used by another process")

// Spool is a folder of records. One goroutine may write (Append, Flush, Tend), one may
// read (Read, Ack) and one may call Sync; the rest is for any number.
type Spool struct {
	cfg    Config
	log    *slog.Logger
	lock   *os.File
	cursor *cursor
	out    writer
	in     reader

	mu       sync.Mutex // guards the fields below; never held over I/O
	segments []segment  // oldest first
	at       Position   // all before it is acknowledged
	next     uint64     // number of the next record to be written
	holes    uint64     // numbers between at and next whose records were dropped
	bytes    int64      // of all segments
	dropping bool       // the second segment is being dropped: the reader must not get there
	active   *os.File   // the last segment while it is written to; else nil
	dirty    bool       // active has something that is not synced
	suspect  bool       // active could not be synced: nothing more is written to it
	trouble  error      // why nothing is written now; else nil
	overflow uint64     // records dropped by the bounds
	damaged  uint64     // records that could not be read
}

// segment is one file of records. All but the active one are complete.
type segment struct {
	first    uint64 // number of its first record
	end      uint64 // number behind its last one
	size     int64
	modified time.Time
}

// Position is a place between two records.
type Position struct {
	segment uint64 // first record of the segment
	offset  int64  // in the segment
	number  uint64 // of the record behind it, counted from 1
}

// LockDir makes the folder, if need be, and keeps other processes out of it until the file
// that it returns is closed, or the process ends. It is for those who keep something else
// there.
func LockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	return lock, nil
}

// Open opens the folder. Records that are there wait to be read; the tail that a crash
// left of one is passed over.
func Open(cfg Config) (*Spool, error) {
	if err := cfg.complete(); err != nil {
		return nil, err // the lock stays the caller's
	}
	lock := cfg.Lock
	if lock == nil {
		var err error
		if lock, err = LockDir(cfg.Dir); err != nil {
			return nil, err
		}
	}
	s := &Spool{cfg: cfg, log: cfg.Logger, lock: lock}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("spool %s: %w", cfg.Dir, err), s.Close())
	}
	return s, nil
}

// Close gives up the folder. Call Flush before; nothing may be called after.
func (s *Spool) Close() error {
	err := s.in.close()
	if s.active != nil {
		err = errors.Join(err, s.active.Truncate(s.out.size), s.active.Sync(), s.active.Close())
	}
	if s.cursor != nil {
		err = errors.Join(err, s.cursor.close())
	}
	return errors.Join(err, s.lock.Close())
}

// Stats tell how a spool is doing.
type Stats struct {
	Waiting  uint64    // records written and not acknowledged
	Oldest   time.Time // when the oldest file was written to last; zero when none waits
	Bytes    int64     // of all files
	Overflow uint64    // records dropped because there were too many, or they were too old
	Damaged  uint64    // records that could not be read
	Trouble  error     // why nothing can be written now; nil when it can
}

// Stats returns the numbers since the spool was opened.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Waiting: s.next - s.at.number - s.holes, Bytes: s.bytes, Overflow: s.overflow, Damaged: s.damaged, Trouble: s.trouble}
	if st.Waiting > 0 && len(s.segments) > 0 {
		st.Oldest = s.segments[0].modified
	}
	return st
}

// Written is the number that the next record gets: all those below it are on disk.
func (s *Spool) Written() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// Acknowledged is the number of the oldest record that waits: all those below it are
// acknowledged, dropped or lost. It is that of Written when none waits.
func (s *Spool) Acknowledged() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.number
}

func (s *Spool) path(first uint64) string {
	return filepath.Join(s.cfg.Dir, fmt.Sprintf("%020d%s", first, suffix))
}
