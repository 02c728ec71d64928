package spool

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

// writer is what the writing goroutine alone uses.
type writer struct {
	buffer  []byte // records that are not written yet
	count   int    // of them
	size    int64  // of the active segment
	retryAt time.Time
	checked time.Time // when the free disk was looked at
}

// Append takes a record; it is kept once Flush has returned. A record over MaxRecord is
// refused.
func (s *Spool) Append(record []byte) error {
	if len(record) > MaxRecord {
		return fmt.Errorf("record of %d bytes, at most %d are kept", len(record), MaxRecord)
	}
	s.out.buffer = appendRecord(s.out.buffer, record)
	s.out.count++
	return nil
}

// Buffered is how many bytes wait for Flush.
func (s *Spool) Buffered() int { return len(s.out.buffer) }

// Flush writes what was appended: from then on it survives the end of the process, and
// the next Sync makes it survive a loss of power. What cannot be written is returned.
func (s *Spool) Flush() (unsaved [][]byte) {
	if s.out.count == 0 {
		return nil
	}
	err := s.write()
	s.tell(err)
	if err != nil {
		rest := s.out.buffer
		for payload, end := scan(rest, true); payload != nil; payload, end = scan(rest, true) {
			unsaved = append(unsaved, payload)
			rest = rest[end:]
		}
		s.out.buffer = nil // it is in the caller's hands now
	}
	s.out.buffer, s.out.count = s.out.buffer[:0], 0
	return unsaved
}

// write is Flush without its consequences.
func (s *Spool) write() error {
	now := s.cfg.Now()
	if err := s.troubled(); err != nil {
		s.seal()
		if now.Before(s.out.retryAt) {
			return err
		}
	}
	if err := s.checkDisk(now); err != nil {
		return err
	}
	if s.active == nil || s.out.size >= s.cfg.SegmentBytes || s.isSuspect() {
		if err := s.begin(now); err != nil {
			return err
		}
	}
	if _, err := s.active.Write(s.out.buffer); err != nil {
		// A part may be written. The reader is not told of it; should it not go away,
		// the next process finds it and sends what it holds once more.
		err = errors.Join(err, s.active.Truncate(s.out.size))
		return err
	}
	s.out.size += int64(len(s.out.buffer))
	s.mu.Lock()
	defer s.mu.Unlock()
	last := &s.segments[len(s.segments)-1]
	s.bytes += int64(len(s.out.buffer))
	s.next += uint64(s.out.count)
	last.size, last.end, last.modified = s.out.size, s.next, now
	s.dirty = true
	return nil
}

// checkDisk refuses to write to a disk that is nearly full.
func (s *Spool) checkDisk(now time.Time) error {
	if s.cfg.MinFree < 0 || now.Sub(s.out.checked) < time.Second && s.troubled() == nil {
		return nil
	}
	free, err := s.cfg.FreeDisk(s.cfg.Dir)
	if err != nil {
		return fmt.Errorf("read the free disk space: %w", err)
	}
	if free < s.cfg.MinFree {
		return fmt.Errorf("only %.1f %% of the disk is free, and %.1f %% is reserved for others", 100*free, 100*s.cfg.MinFree)
	}
	s.out.checked = now
	return nil
}

// begin completes the active segment and makes the next one, at the cost of an old one
// when there is no room.
func (s *Spool) begin(now time.Time) error {
	s.seal()
	for s.Stats().Bytes+s.cfg.SegmentBytes > s.cfg.MaxBytes {
		dropped, err := s.drop(false)
		if err != nil {
			return fmt.Errorf("make room: %w", err)
		}
		if !dropped {
			break
		}
	}
	s.mu.Lock()
	first := s.next
	s.mu.Unlock()
	f, err := os.OpenFile(s.path(first), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if err := atomicfile.SyncDir(s.cfg.Dir); err != nil {
		return errors.Join(err, f.Close())
	}
	s.out.size = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = f
	s.segments = append(s.segments, segment{first: first, end: first, modified: now})
	return nil
}

// seal completes the active segment, if there is one.
func (s *Spool) seal() {
	s.mu.Lock()
	f := s.active
	s.active, s.suspect = nil, false
	last := len(s.segments) - 1
	if f != nil && s.segments[last].size == 0 { // its name is that of the next one, too
		s.segments = s.segments[:last]
	}
	s.mu.Unlock()
	if f == nil {
		return
	}
	// A write that failed may have left a part behind. Its records are in other hands now:
	// the next process must not find them.
	if err := errors.Join(f.Truncate(s.out.size), f.Sync(), f.Close()); err != nil {
		s.log.Warn("failed to sync a file of call records; it may not survive a power failure", "file", f.Name(), "error", err)
	}
}

// Sync makes what was flushed survive a loss of power.
func (s *Spool) Sync() {
	s.mu.Lock()
	f, dirty := s.active, s.dirty
	s.dirty = false
	s.mu.Unlock()
	if f == nil || !dirty {
		return
	}
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) { // closed: seal has synced it
		// After a failed sync the kernel may have dropped what it could not write. It is
		// still read and shipped if it can be; new records go elsewhere.
		s.mu.Lock()
		s.suspect = true
		s.mu.Unlock()
		s.log.Error("failed to sync call records, which may not survive a power failure; starting a new file", "error", err)
	}
}

func (s *Spool) isSuspect() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.suspect
}

func (s *Spool) troubled() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// tell notes whether the disk takes records, and logs when that changes.
func (s *Spool) tell(err error) {
	s.mu.Lock()
	before := s.trouble
	s.trouble = err
	s.mu.Unlock()
	if err != nil && !s.cfg.Now().Before(s.out.retryAt) {
		s.out.retryAt = s.cfg.Now().Add(s.cfg.RetryAfter)
	}
	switch {
	case err != nil && before == nil:
		s.log.Error("failed to write call records to disk; keeping them in memory", "dir", s.cfg.Dir, "error", err)
	case err == nil && before != nil:
		s.log.Info("call records are written to disk again", "dir", s.cfg.Dir)
	}
}
