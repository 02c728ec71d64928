package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

// Doomed is a segment that has to go because there are too many or it is too old.
type Doomed struct {
	First, End uint64 // number of its first record, and that behind its last
	TooOld     bool
	Modified   time.Time
	// Records are those of the segment that can be read, valid until the next one.
	Records iter.Seq[[]byte]
}

// Range is the numbers of records: from First up to, and without, End.
type Range struct{ First, End uint64 }

// Tend drops what is too old. Call it every second or so, from the goroutine that writes.
func (s *Spool) Tend() {
	for s.hasTooOld() {
		if dropped, err := s.drop(true); !dropped || err != nil {
			if err != nil {
				s.log.Error("failed to delete call records that are too old", "error", err)
			}
			return
		}
	}
}

func (s *Spool) hasTooOld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segments) > 1 && s.cfg.Now().Sub(s.segments[1].modified) > s.cfg.MaxAge
}

// drop gives up a segment: the second one. Of the first some records may have been sent
// without an answer, so that nobody knows whether they are stored: to sum those up, too,
// would count them twice. They stay until they are acknowledged. dropped is false when
// there is no second segment.
func (s *Spool) drop(tooOld bool) (dropped bool, err error) {
	s.mu.Lock()
	if len(s.segments) == 2 && s.active != nil {
		s.mu.Unlock()
		s.seal()
		s.mu.Lock()
	}
	if len(s.segments) < 2 {
		s.mu.Unlock()
		return false, nil
	}
	doomed := s.segments[1]
	s.dropping = true // the reader stays where it is
	s.mu.Unlock()
	readable, err := s.giveUp(doomed, tooOld)
	s.mu.Lock()
	s.dropping = false
	if err != nil {
		s.mu.Unlock()
		return false, err
	}
	s.segments = append(s.segments[:1:1], s.segments[2:]...)
	s.bytes -= doomed.size
	s.holes += doomed.end - doomed.first
	s.overflow += readable
	s.damaged += doomed.end - doomed.first - readable
	at := s.mark()
	s.mu.Unlock()
	s.remove(doomed, at)
	return true, nil
}

// giveUp lets whoever wants the records have them and returns how many could be read.
func (s *Spool) giveUp(doomed segment, tooOld bool) (readable uint64, err error) {
	counted := func(yield func([]byte) bool) {
		readable = 0
		for record := range s.records(doomed) {
			if readable == doomed.end-doomed.first {
				return // what follows was never acknowledged as written
			}
			readable++
			if !yield(record) {
				return
			}
		}
	}
	if s.cfg.Drop == nil {
		for range counted {
		}
		return readable, nil
	}
	err = s.cfg.Drop(Doomed{First: doomed.first, End: doomed.end, TooOld: tooOld, Modified: doomed.modified, Records: counted})
	return readable, err
}

// records are those of a complete segment that are good. A file that cannot be read to its
// end has no more.
func (s *Spool) records(seg segment) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if err := s.eachRecord(seg, yield); err != nil {
			s.log.Error("failed to read a file of call records to its end", "error", err)
		}
	}
}

func (s *Spool) eachRecord(seg segment, yield func([]byte) bool) (err error) {
	f, err := os.Open(s.path(seg.first))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := io.LimitReader(f, seg.size)
	b := make([]byte, 0, min(readSize, int(seg.size)+headerSize))
	for {
		got, err := io.ReadFull(in, b[len(b):cap(b)])
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return fmt.Errorf("read %s: %w", f.Name(), err)
		}
		b = b[:len(b)+got]
		rest := b
		for {
			payload, end := scan(rest, last)
			rest = rest[end:]
			if payload == nil {
				break
			}
			if !yield(payload) {
				return nil
			}
		}
		if last {
			return nil
		}
		b = append(b[:0], rest...)
	}
}

// leave moves the position from the first segment to the next one, which may be yet to
// come. The caller holds mu.
func (s *Spool) leave() {
	left := s.segments[0]
	s.bytes -= left.size
	s.segments = s.segments[1:]
	next := s.next
	if len(s.segments) > 0 {
		next = s.segments[0].first
	}
	s.holes -= next - left.end
	s.at = Position{segment: next, number: next}
}

// mark is what the cursor notes. The caller holds mu.
func (s *Spool) mark() mark {
	m := mark{Position: s.at}
	if len(s.segments) > 1 || len(s.segments) == 1 && s.active == nil {
		m.end = s.segments[0].end
	}
	return m
}

// remove removes the file of a segment that is not needed any more. The cursor goes first:
// a file before the cursor is removed at the next start.
func (s *Spool) remove(old segment, at mark) {
	if err := s.cursor.save(at, true); err != nil {
		s.log.Error("failed to record the end of a file of call records", "error", err)
		if at.segment > old.first {
			return // it is sent again after a restart
		}
	}
	s.removeFile(old.first)
}

// removeFile removes a segment's file permanently.
func (s *Spool) removeFile(first uint64) {
	err := os.Remove(s.path(first))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, atomicfile.SyncDir(s.cfg.Dir)); err != nil {
		s.log.Error("failed to delete a file of call records that is no longer needed", "error", err)
		return
	}
	if s.cfg.Removed != nil {
		s.cfg.Removed(first)
	}
}
