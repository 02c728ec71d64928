package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// readSize is how much is read at once: a batch and, at its end, the largest record.
	readSize = 2 * (MaxRecord + headerSize)
	// maxFailures is how often in a row a segment may fail to be read before it is given up.
	maxFailures = 30
)

// reader is what the reading goroutine alone uses.
type reader struct {
	file     *os.File // of segment; nil when none is open
	segment  uint64
	buffer   []byte
	failures int
}

// Record is one record as Read returns it.
type Record struct {
	Data []byte   // valid until the next Read
	End  Position // behind it
}

// Read returns the oldest records that are not acknowledged, at most so many and, but for
// one that is larger alone, at most so many bytes of them; none when none wait. Without
// an Ack the next Read returns the same again. What is damaged is passed over and counted.
func (s *Spool) Read(maxRecords, maxBytes int) ([]Record, error) {
	for {
		at, limit, complete, ok := s.present()
		switch {
		case !ok:
			return nil, nil
		case at.offset >= limit && complete:
			if !s.finish(at) {
				return nil, nil
			}
			continue
		case at.offset >= limit:
			return nil, nil
		}
		records, end, err := s.readAt(at, limit, maxRecords, maxBytes)
		if err != nil {
			if s.in.failures++; s.in.failures < maxFailures && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("read call records: %w", err)
			}
			if s.skip(at, limit) {
				s.log.Error("failed to read a file of call records; skipping it", "error", err)
			}
			s.in.failures = 0
			continue
		}
		s.in.failures = 0
		if len(records) > 0 {
			return records, nil
		}
		s.skip(at, end)
	}
}

// present is where to read: from at up to limit, behind which a complete segment has
// nothing more. ok is false when there is nothing.
func (s *Spool) present() (at Position, limit int64, complete, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) == 0 {
		return at, 0, false, false
	}
	oldest := s.segments[0]
	complete = len(s.segments) > 1 || s.active == nil
	return s.at, oldest.size, complete, true
}

// readAt parses records of the segment from at. With none, end is how far it has looked.
func (s *Spool) readAt(at Position, limit int64, maxRecords, maxBytes int) (records []Record, end int64, err error) {
	b, err := s.load(at, limit)
	if err != nil {
		return nil, at.offset, err
	}
	last := at.offset+int64(len(b)) >= limit
	bytes := 0
	end = at.offset
	for len(records) < maxRecords {
		payload, n := scan(b, last)
		if payload == nil {
			if len(records) == 0 {
				end += int64(n)
			}
			return records, end, nil
		}
		if bytes += len(payload); bytes > maxBytes && len(records) > 0 {
			return records, end, nil
		}
		b = b[n:]
		end += int64(n)
		at.number++
		records = append(records, Record{Data: payload, End: Position{segment: at.segment, offset: end, number: at.number}})
	}
	return records, end, nil
}

// load reads the segment's bytes from at to limit, or as many as fit.
func (s *Spool) load(at Position, limit int64) ([]byte, error) {
	if s.in.file == nil || s.in.segment != at.segment {
		if err := s.in.close(); err != nil {
			s.log.Warn("failed to close a file of call records", "error", err)
		}
		f, err := os.Open(s.path(at.segment))
		if err != nil {
			return nil, err
		}
		s.in.file, s.in.segment = f, at.segment
	}
	size := min(limit-at.offset, int64(readSize))
	if int64(cap(s.in.buffer)) < size {
		s.in.buffer = make([]byte, size)
	}
	b := s.in.buffer[:max(size, 0)]
	n, err := s.in.file.ReadAt(b, at.offset)
	if err == io.EOF { // the file is shorter than it was: what is missing is damage
		clear(b[n:])
		err = nil
	}
	return b, err
}

// skip moves over bytes of no use; false when the position is elsewhere by now.
func (s *Spool) skip(from Position, to int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at != from {
		return false
	}
	s.at.offset = to
	return true
}

// finish leaves a complete segment in which nothing is left to read; false while the next
// one is being dropped.
func (s *Spool) finish(at Position) bool {
	s.mu.Lock()
	if s.dropping {
		s.mu.Unlock()
		return false
	}
	done := s.segments[0]
	missing := uint64(0)
	if at.number < done.end {
		missing = done.end - at.number
	}
	s.damaged += missing
	s.leave()
	next := s.mark()
	s.mu.Unlock()
	if missing > 0 {
		s.log.Error("damaged call records on disk are lost", "count", missing)
		if s.cfg.Lost != nil {
			s.cfg.Lost(missing, done.modified)
		}
	}
	s.remove(done, next)
	return true
}

// Ack says that all records up to one are taken over by whoever reads them. It is noted
// for the next process.
func (s *Spool) Ack(to Position) {
	s.mu.Lock()
	if to.number <= s.at.number || to.segment != s.at.segment {
		s.mu.Unlock()
		return
	}
	s.at = to
	m := s.mark()
	s.mu.Unlock()
	if err := s.cursor.save(m, false); err != nil {
		s.log.Warn("failed to record acknowledged calls; they are sent again after a restart", "error", err)
	}
}

func (r *reader) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
