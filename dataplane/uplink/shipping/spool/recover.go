package spool

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const suffix = ".calls"

// recover finds what an earlier process left.
func (s *Spool) recover() error {
	var err error
	if s.cursor, err = openCursor(filepath.Join(s.cfg.Dir, "cursor")); err != nil {
		return err
	}
	if s.segments, err = s.list(); err != nil {
		return err
	}
	s.forgetDropped()
	at, ok := s.cursor.load()
	if ok {
		s.forget(at)
	}
	s.next = max(s.next, 1, at.segment, at.number)
	if n := len(s.segments); n > 0 {
		s.next = max(s.next, s.segments[n-1].first+s.count(s.segments[n-1]))
	}
	s.findEnds(at)
	s.at = s.start(at.Position)
	for _, seg := range s.segments {
		s.bytes += seg.size
	}
	return nil
}

// findEnds tells of each segment where its numbers end: where the next one begins, but for
// the first, behind which some may have been dropped.
func (s *Spool) findEnds(at mark) {
	for i := range s.segments {
		seg := &s.segments[i]
		seg.end = s.next
		if i+1 < len(s.segments) {
			seg.end = s.segments[i+1].first
		}
		if i == 0 && seg.first == at.segment && at.end > seg.first && at.end < seg.end {
			s.holes += seg.end - at.end
			seg.end = at.end
		}
	}
}

// forgetDropped removes the segments that an earlier process dropped and could not remove.
// Their numbers are not used again.
func (s *Spool) forgetDropped() {
	for _, r := range s.cfg.Dropped {
		s.next = max(s.next, r.End)
		s.segments = slices.DeleteFunc(s.segments, func(seg segment) bool { return seg.first == r.First })
		s.removeFile(r.First)
	}
}

// start is where reading begins: at the cursor if it points to something, else at the
// oldest record.
func (s *Spool) start(at Position) Position {
	if len(s.segments) == 0 {
		return Position{segment: s.next, number: s.next}
	}
	oldest := s.segments[0]
	if at.segment != oldest.first {
		return Position{segment: oldest.first, number: oldest.first}
	}
	at.offset = min(at.offset, oldest.size) // the end may not have reached the disk
	at.number = max(at.number, at.segment)
	return at
}

// list returns the segments that hold anything, oldest first.
func (s *Spool) list() ([]segment, error) {
	entries, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil, err
	}
	var list []segment
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), suffix)
		first, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil || s.path(first) != filepath.Join(s.cfg.Dir, e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() || info.Size() == 0 {
			continue // an empty one is overwritten when its number comes
		}
		list = append(list, segment{first: first, size: info.Size(), modified: info.ModTime()})
	}
	slices.SortFunc(list, func(a, b segment) int { return strings.Compare(s.path(a.first), s.path(b.first)) })
	return list, nil
}

// forget removes the segments before the cursor: a crash came between noting that they
// are done and removing them.
func (s *Spool) forget(at mark) {
	for len(s.segments) > 0 && s.segments[0].first < at.segment {
		s.remove(s.segments[0], at)
		s.segments = s.segments[1:]
	}
}

// count counts the records of the segment that was written last. It reads all of it, 16
// MiB by default, for a crash leaves no other trace of their number. One at least, so that
// the next segment has another name.
func (s *Spool) count(seg segment) uint64 {
	n := uint64(0)
	for range s.records(seg) {
		n++
	}
	return max(n, 1)
}
