package spool_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
)

// dropped notes what a spool drops.
type dropped struct {
	records []string
	ranges  []spool.Range
	tooOld  []bool
	err     error
}

func (d *dropped) drop(doomed spool.Doomed) error {
	if d.err != nil {
		return d.err
	}
	for record := range doomed.Records {
		d.records = append(d.records, string(record))
	}
	d.ranges = append(d.ranges, spool.Range{First: doomed.First, End: doomed.End})
	d.tooOld = append(d.tooOld, doomed.TooOld)
	return nil
}

// The first segment may hold what was sent without an answer: it stays, whatever comes.
func TestOverflowDropsTheOldestButTheFirst(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.MaxBytes = 3 * 216 // nine records a segment
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 5*9)
	st := s.Stats()
	if st.Overflow != 2*9 || st.Waiting != 3*9 || st.Bytes > cfg.MaxBytes {
		t.Errorf("stats %+v, want 18 dropped and 27 waiting", st)
	}
	want(t, gone.records, 9, 27)
	if !slices.Equal(gone.ranges, []spool.Range{{First: 10, End: 19}, {First: 19, End: 28}}) || slices.Contains(gone.tooOld, true) {
		t.Errorf("dropped %v, too old %v", gone.ranges, gone.tooOld)
	}
	want(t, take(t, s, 4), 0, 4)
	crash(t, s)

	s = open(t, cfg) // the hole behind the first segment is no damage
	if st := s.Stats(); st.Waiting != 23 {
		t.Errorf("stats %+v, want 23 waiting", st)
	}
	want(t, take(t, s, 5), 4, 9)
	write(t, s, 45, 50) // needs another file
	want(t, gone.records, 9, 36)
	want(t, take(t, s, 1000), 36, 50)
	if st := s.Stats(); st.Damaged != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
	crash(t, s)
}

// Nothing is dropped that could not be saved elsewhere; what comes is handed back.
func TestSegmentStaysUntilItsRecordsAreSafe(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.MaxBytes = 3 * 216
	now := time.Now()
	cfg.Now = func() time.Time { return now }
	gone := dropped{err: errors.New("the test's disk is full")}
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 3*9)
	if err := s.Append([]byte(text(27))); err != nil {
		t.Fatal(err)
	}
	if unsaved := s.Flush(); len(unsaved) != 1 || s.Stats().Trouble == nil {
		t.Fatalf("handed back %q, trouble %v", unsaved, s.Stats().Trouble)
	}
	gone.err = nil
	now = now.Add(time.Minute)
	write(t, s, 27, 30)
	want(t, gone.records, 9, 18)
	want(t, take(t, s, 9), 0, 9)
	want(t, take(t, s, 100), 18, 30)
	crash(t, s)
}

// The process ends after a segment's records were saved elsewhere, before its file is gone.
func TestCrashBetweenDropAndRemoval(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.MaxBytes = 3 * 216
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 3*9)
	file := segments(t, cfg.Dir)[1]
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 27, 28)
	crash(t, s)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Dropped = gone.ranges
	var removed []uint64
	cfg.Removed = func(first uint64) { removed = append(removed, first) }
	s = open(t, cfg)
	if !slices.Equal(removed, []uint64{10}) || slices.Contains(segments(t, cfg.Dir), file) {
		t.Errorf("removed %v, files %q", removed, segments(t, cfg.Dir))
	}
	want(t, take(t, s, 9), 0, 9)
	want(t, take(t, s, 100), 18, 28)
	if st := s.Stats(); st.Damaged != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
	crash(t, s)
}

// A batch that is on its way while there is no room is acknowledged as ever.
func TestOverflowWhileABatchIsOnItsWay(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.MaxBytes = 3 * 216
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 27)
	want(t, take(t, s, 4), 0, 4)
	records, err := s.Read(3, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, 27, 28) // drops the second segment
	s.Ack(records[2].End)
	if st := s.Stats(); st.Overflow != 9 || st.Waiting != 12 {
		t.Errorf("stats %+v, want 9 dropped and 12 waiting", st)
	}
	want(t, gone.records, 9, 18)
	want(t, take(t, s, 2), 7, 9)
	want(t, take(t, s, 100), 18, 28)
	crash(t, s)
}

func TestOldRecordsAreDropped(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	now := time.Now()
	cfg.Now = func() time.Time { return now }
	cfg.MaxAge = time.Hour
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 18)
	now = now.Add(40 * time.Minute)
	write(t, s, 18, 21)
	s.Tend()
	if st := s.Stats(); st.Waiting != 21 {
		t.Errorf("stats %+v: dropped too early", st)
	}
	now = now.Add(40 * time.Minute)
	s.Tend()
	if st := s.Stats(); st.Waiting != 12 || st.Overflow != 9 {
		t.Errorf("stats %+v, want 12 waiting", st)
	}
	now = now.Add(40 * time.Minute)
	s.Tend() // the one that is written to
	if st := s.Stats(); st.Waiting != 9 || st.Overflow != 12 || len(segments(t, cfg.Dir)) != 1 {
		t.Errorf("stats %+v, files %q", st, segments(t, cfg.Dir))
	}
	want(t, gone.records, 9, 21)
	if !slices.Equal(gone.tooOld, []bool{true, true}) {
		t.Errorf("too old %v", gone.tooOld)
	}
	write(t, s, 21, 30)
	want(t, take(t, s, 9), 0, 9)
	want(t, take(t, s, 100), 21, 30)
	crash(t, s)
}

// What the next process finds of a dropped segment that was damaged is counted.
func TestDroppedSegmentMayBeDamaged(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.MaxBytes = 3 * 216
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	write(t, s, 0, 27)
	raw, err := os.ReadFile(segments(t, cfg.Dir)[1])
	if err != nil {
		t.Fatal(err)
	}
	raw[30] ^= 1
	if err := os.WriteFile(segments(t, cfg.Dir)[1], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, s, 27, 28)
	if st := s.Stats(); st.Overflow != 8 || st.Damaged != 1 || len(gone.records) != 8 {
		t.Errorf("stats %+v, %d records given up; want 8 dropped and 1 damaged", st, len(gone.records))
	}
	crash(t, s)
}
