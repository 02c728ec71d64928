package spool

import (
	"errors"
	"io/fs"
	"os"
)

// Tend drops what is too old. Call it every minute or so.
func (s *Spool) Tend() {
	for s.oldestIsTooOld() && s.dropOldest() {
	}
}

func (s *Spool) oldestIsTooOld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segments) > 0 && s.cfg.Now().Sub(s.segments[0].modified) > s.cfg.MaxAge
}

// dropOldest gives up the oldest segment, read or not; false when there is none.
func (s *Spool) dropOldest() bool {
	s.mu.Lock()
	if len(s.segments) == 1 && s.active != nil {
		s.mu.Unlock()
		s.seal()
		s.mu.Lock()
	}
	if len(s.segments) == 0 {
		s.mu.Unlock()
		return false
	}
	oldest := s.segments[0]
	after := s.after(0)
	if s.at.number < after {
		s.overflow += after - s.at.number
	}
	s.leave(after)
	at := s.at
	s.mu.Unlock()
	s.remove(oldest, at)
	return true
}

// after is the number of the first record behind a complete segment. The caller holds mu.
func (s *Spool) after(i int) uint64 {
	if i+1 < len(s.segments) {
		return s.segments[i+1].first
	}
	return s.next
}

// leave moves the position from the oldest segment to the one after it, which may be yet
// to come. The caller holds mu.
func (s *Spool) leave(after uint64) {
	s.bytes -= s.segments[0].size
	s.segments = s.segments[1:]
	if s.at.segment < after {
		s.at = Position{segment: after, number: max(after, s.at.number)}
	}
}

// remove removes the file of a segment that the position has left. The cursor goes first:
// a file before the cursor is removed at the next start.
func (s *Spool) remove(old segment, at Position) {
	if err := s.cursor.save(at, true); err != nil {
		s.log.Error("the end of a file of call records cannot be noted; it is sent again after a restart", "error", err)
		return
	}
	if err := os.Remove(s.path(old.first)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("a file of call records that is done with cannot be removed", "error", err)
	}
}
