package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/spool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(dir string) spool.Config {
	return spool.Config{Dir: dir, SegmentBytes: 200, MinFree: -1, Logger: slog.New(slog.DiscardHandler)}
}

func open(t testing.TB, cfg spool.Config) *spool.Spool {
	t.Helper()
	s, err := spool.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// crash lets go of the folder as the end of a process would: nothing is flushed.
func crash(t testing.TB, s *spool.Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func text(i int) string { return fmt.Sprintf("record-%05d", i) } // 24 bytes with its header

// write appends the records from to to-1, each flushed by itself.
func write(t testing.TB, s *spool.Spool, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Append([]byte(text(i))); err != nil {
			t.Fatal(err)
		}
		if unsaved := s.Flush(); len(unsaved) != 0 {
			t.Fatalf("record %d was not kept", i)
		}
	}
}

// take reads up to n records and acknowledges them.
func take(t testing.TB, s *spool.Spool, n int) []string {
	t.Helper()
	var got []string
	for len(got) < n {
		records, err := s.Read(min(n-len(got), 7), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			got = append(got, string(r.Data))
		}
		s.Ack(records[len(records)-1].End)
	}
	return got
}

// want checks that got is the records from to to-1.
func want(t testing.TB, got []string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if i-from >= len(got) || got[i-from] != text(i) {
			t.Fatalf("got %q, want records %d to %d", got, from, to-1)
		}
	}
	if len(got) != to-from {
		t.Fatalf("got %d records, want %d: %q", len(got), to-from, got)
	}
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.calls"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestRecordsComeBackInOrderAcrossSegments(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "spool")
	s := open(t, config(dir))
	if got := take(t, s, 10); got != nil {
		t.Errorf("read %q from nothing", got)
	}
	write(t, s, 0, 100)
	if st := s.Stats(); st.Waiting != 100 || st.Bytes != 100*24 || st.Trouble != nil {
		t.Errorf("stats %+v", st)
	}
	if n := len(segments(t, dir)); n < 8 {
		t.Errorf("%d segments, want several", n)
	}
	want(t, take(t, s, 40), 0, 40)
	write(t, s, 100, 110)
	want(t, take(t, s, 1000), 40, 110)
	if st := s.Stats(); st.Waiting != 0 || st.Damaged != 0 || st.Overflow != 0 {
		t.Errorf("stats %+v", st)
	}
	if n := len(segments(t, dir)); n != 1 {
		t.Errorf("%d segments are left, want only that which is written to", n)
	}
	crash(t, s)
	for path, mode := range map[string]os.FileMode{dir: 0o700, segments(t, dir)[0]: 0o600, filepath.Join(dir, "cursor"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}

func TestWhatIsNotAcknowledgedIsReadAgain(t *testing.T) {
	t.Parallel()
	s := open(t, config(t.TempDir()))
	write(t, s, 0, 20)
	for range 2 {
		records, err := s.Read(5, 1<<20)
		if err != nil || len(records) != 5 || string(records[4].Data) != text(4) {
			t.Fatalf("read %v, %v", records, err)
		}
	}
	records, err := s.Read(5, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	s.Ack(records[1].End) // a part of them
	s.Ack(records[0].End) // late, and of no use
	want(t, take(t, s, 100), 2, 20)
	crash(t, s)
}

func TestReadIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	s := open(t, config(t.TempDir()))
	write(t, s, 0, 6)
	if records, err := s.Read(100, 3*12+5); err != nil || len(records) != 3 {
		t.Errorf("%d records, %v; want 3", len(records), err)
	}
	if records, err := s.Read(100, 1); err != nil || len(records) != 1 {
		t.Errorf("%d records, %v; want the first alone", len(records), err)
	}
	crash(t, s)
}

func TestTheNextProcessGoesOn(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	written, read := 0, 0
	for _, n := range []int{3, 0, 30, 1, 8, 8, 50} {
		s := open(t, cfg)
		if got := s.Stats().Waiting; got != uint64(written-read) {
			t.Fatalf("%d wait, want %d", got, written-read)
		}
		write(t, s, written, written+n)
		written += n
		half := (written - read) / 2
		want(t, take(t, s, half), read, read+half)
		read += half
		crash(t, s)
	}
	s := open(t, cfg)
	want(t, take(t, s, 1000), read, written)
	if st := s.Stats(); st.Damaged != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
	crash(t, s)
}

// A process may end at any byte of a write.
func TestTornTailAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, config(dir))
	write(t, s, 0, 5) // one segment
	crash(t, s)
	path := segments(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		for _, tail := range []string{"", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
			dir := t.TempDir()
			content := append(bytes.Clone(whole[:cut]), tail...)
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, config(dir))
			write(t, s, cut/24, 10)
			want(t, take(t, s, 100), 0, 10)
			st := s.Stats()
			if most := uint64(1); st.Damaged > most || cut/24 > 0 && st.Damaged != 0 {
				t.Fatalf("cut at %d: %d records count as damaged, a tail is none", cut, st.Damaged)
			}
			crash(t, s)
		}
	}
}

// One damaged byte anywhere costs the record that it lies in, no other.
func TestDamageInTheMiddleAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, config(dir))
	write(t, s, 0, 16) // two segments
	crash(t, s)
	path := segments(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x41
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "cursor")); err != nil {
			t.Fatal(err)
		}
		s := open(t, config(dir))
		var got []string
		for {
			records, err := s.Read(100, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) == 0 || string(records[len(records)-1].Data) == text(15) {
				got = append(got, data(records)...)
				break // before the damaged segment is done with and removed
			}
			got = append(got, data(records)...)
			s.Ack(records[len(records)-1].End)
		}
		hit := i / 24
		var left []string
		for n := range 16 {
			if n != hit {
				left = append(left, text(n))
			}
		}
		if !slices.Equal(got, left) {
			t.Fatalf("byte %d: got %q, want all but record %d", i, got, hit)
		}
		if st := s.Stats(); st.Damaged != 1 {
			t.Fatalf("byte %d: %d records count as damaged, want 1", i, st.Damaged)
		}
		crash(t, s)
	}
}

func data(records []spool.Record) []string {
	var got []string
	for _, r := range records {
		got = append(got, string(r.Data))
	}
	return got
}

// The cursor says that a segment is done, but the process ended before it was removed.
func TestCrashBetweenCursorAndRemoval(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	write(t, s, 0, 30)
	first := segments(t, cfg.Dir)[0]
	content, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	want(t, take(t, s, 12), 0, 12) // leaves the first
	crash(t, s)
	if slices.Contains(segments(t, cfg.Dir), first) {
		t.Fatal("the first segment is still there: the test proves nothing")
	}
	if err := os.WriteFile(first, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	if slices.Contains(segments(t, cfg.Dir), first) {
		t.Error("the segment before the cursor was not removed")
	}
	want(t, take(t, s, 100), 12, 30)
	crash(t, s)
}

// The removal reached the disk, but the cursor before it did not.
func TestMissingSegmentAtTheCursorIsNormal(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	write(t, s, 0, 30)
	cursor := filepath.Join(cfg.Dir, "cursor")
	want(t, take(t, s, 3), 0, 3)
	old, err := os.ReadFile(cursor)
	if err != nil {
		t.Fatal(err)
	}
	crash(t, s)
	list := segments(t, cfg.Dir)
	if err := errors.Join(os.Remove(list[0]), os.WriteFile(cursor, old, 0o600)); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	want(t, take(t, s, 100), 9, 30)
	crash(t, s)
}

func TestDamagedCursorMeansAllAgain(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	write(t, s, 0, 5)
	want(t, take(t, s, 3), 0, 3)
	crash(t, s)
	cursor := filepath.Join(cfg.Dir, "cursor")
	good, err := os.ReadFile(cursor)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		for _, content := range [][]byte{bad, good[:i]} {
			if err := os.WriteFile(cursor, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, cfg)
			records, err := s.Read(100, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			want(t, data(records), 0, 5)
			crash(t, s)
		}
	}
}

// After a loss of power the cursor may be ahead of what of the segment reached the disk.
func TestCursorBehindTheEnd(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	write(t, s, 0, 5)
	want(t, take(t, s, 4), 0, 4)
	crash(t, s)
	if err := os.Truncate(segments(t, cfg.Dir)[0], 30); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	write(t, s, 5, 8)
	want(t, take(t, s, 100), 5, 8)
	crash(t, s)
}

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

// log counts lines by level.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), s)
}

func TestFullDiskHandsRecordsBackAndRecovers(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	now, free := time.Now(), 0.5
	var lines log
	cfg.Now = func() time.Time { return now }
	cfg.FreeDisk = func(string) (float64, error) { return free, nil }
	cfg.MinFree, cfg.RetryAfter = 0.05, 5*time.Second
	cfg.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	s := open(t, cfg)
	write(t, s, 0, 3)
	free = 0.04
	now = now.Add(time.Second)
	for i := 3; i < 6; i++ {
		for _, part := range []int{2 * i, 2*i + 1} {
			if err := s.Append([]byte(text(part))); err != nil {
				t.Fatal(err)
			}
		}
		unsaved := s.Flush()
		if len(unsaved) != 2 || string(unsaved[0]) != text(2*i) || string(unsaved[1]) != text(2*i+1) {
			t.Fatalf("handed back %q", unsaved)
		}
		now = now.Add(4 * time.Second)
	}
	if s.Stats().Trouble == nil || s.Stats().Waiting != 3 {
		t.Errorf("stats %+v", s.Stats())
	}
	free = 0.5
	now = now.Add(5 * time.Second)
	write(t, s, 3, 5)
	want(t, take(t, s, 100), 0, 5)
	if s.Stats().Trouble != nil {
		t.Errorf("stats %+v", s.Stats())
	}
	if lines.count("kept in memory only") != 1 || lines.count("written to disk again") != 1 {
		t.Errorf("log:\n%s", &lines.text)
	}
	crash(t, s)
}

// The folder goes away under the spool: a stand-in for a disk that fails.
func TestBrokenDiskHandsRecordsBackAndRecovers(t *testing.T) {
	t.Parallel()
	cfg := config(filepath.Join(t.TempDir(), "spool"))
	now := time.Now()
	cfg.Now = func() time.Time { return now }
	s := open(t, cfg)
	write(t, s, 0, 9) // the segment is full: the next write needs another file
	away := cfg.Dir + "-away"
	if err := os.Rename(cfg.Dir, away); err != nil {
		t.Fatal(err)
	}
	if err := s.Append([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if unsaved := s.Flush(); len(unsaved) != 1 {
		t.Fatalf("handed back %q", unsaved)
	}
	if err := os.Rename(away, cfg.Dir); err != nil {
		t.Fatal(err)
	}
	now = now.Add(cfg.RetryAfter + time.Minute)
	write(t, s, 9, 12)
	want(t, take(t, s, 100), 0, 12)
	crash(t, s)
}

func TestSegmentThatVanishesIsGivenUp(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	write(t, s, 0, 20)
	if err := os.Remove(segments(t, cfg.Dir)[0]); err != nil {
		t.Fatal(err)
	}
	want(t, take(t, s, 100), 9, 20)
	if st := s.Stats(); st.Damaged != 9 || st.Waiting != 0 {
		t.Errorf("stats %+v, want 9 lost", st)
	}
	crash(t, s)
}

func TestFolderIsForOneProcess(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	s := open(t, cfg)
	if _, err := spool.Open(cfg); !errors.Is(err, spool.ErrInUse) {
		t.Errorf("second Open: %v", err)
	}
	crash(t, s)
	crash(t, open(t, cfg))
}

func TestHugeRecords(t *testing.T) {
	t.Parallel()
	s := open(t, config(t.TempDir()))
	if err := s.Append(make([]byte, spool.MaxRecord+1)); err == nil {
		t.Error("took a record that is too large")
	}
	var sent [][]byte
	for i := range 5 {
		sent = append(sent, bytes.Repeat([]byte{byte(i)}, spool.MaxRecord))
		if err := s.Append(sent[i]); err != nil {
			t.Fatal(err)
		}
	}
	if unsaved := s.Flush(); unsaved != nil {
		t.Fatal("not kept")
	}
	for _, want := range sent {
		records, err := s.Read(500, 1<<20)
		if err != nil || len(records) != 1 || !bytes.Equal(records[0].Data, want) {
			t.Fatalf("read %d records, %v", len(records), err)
		}
		s.Ack(records[0].End)
	}
	crash(t, s)
}

// A client can put bytes into a record that look like records; they are none.
func TestRecordsInRecordsAreNotFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, config(dir))
	write(t, s, 0, 1)
	inner, err := os.ReadFile(segments(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.ToValidUTF8(string(inner), "?")
	if err := s.Append([]byte(forged)); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	crash(t, s)
	raw, err := os.ReadFile(segments(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(inner)] ^= 1 // damages the outer one
	if err := os.WriteFile(segments(t, dir)[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, config(dir))
	want(t, take(t, s, 100), 0, 1)
	crash(t, s)
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, config(t.TempDir()))
	const n = 3000
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.Sync()
				_ = s.Stats()
			}
		}
	})
	wg.Go(func() {
		for i := range n {
			if err := s.Append([]byte(text(i))); err != nil {
				t.Error(err)
			}
			if i%7 == 0 || i == n-1 {
				if s.Flush() != nil {
					t.Error("not kept")
				}
			}
		}
	})
	var got []string
	for deadline := time.Now().Add(20 * time.Second); len(got) < n && time.Now().Before(deadline); {
		got = append(got, take(t, s, 100)...)
	}
	close(stop)
	wg.Wait()
	want(t, got, 0, n)
	crash(t, s)
}

// FuzzReader feeds the reader a file of any content: it must end, give each record once
// at most, and go on with what is written after.
func FuzzReader(f *testing.F) {
	dir := f.TempDir()
	s := open(f, config(dir))
	write(f, s, 0, 4)
	crash(f, s)
	good, err := os.ReadFile(segments(f, dir)[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good[1:])
	f.Add(append(bytes.Clone(good[:30]), good...))
	f.Add([]byte("\xf5TL\xff\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add([]byte("\xf5TL\xff\x00\x00\x10\x00\x00\x00\x00\x00"))
	f.Add(bytes.Repeat([]byte("\xf5TL\xff"), 50))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "00000000000000000007.calls"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, config(dir))
		write(t, s, 100, 103)
		got := take(t, s, 1<<20)
		if len(got) < 3 {
			t.Fatalf("got %q: what was written after is not there", got)
		}
		want(t, got[len(got)-3:], 100, 103)
		if bytes.Equal(content, good) {
			want(t, got[:len(got)-3], 0, 4)
		}
		total := 0
		for _, r := range got[:len(got)-3] {
			total += len(r) + 12
		}
		if total > len(content) {
			t.Fatalf("%d bytes of records from a file of %d", total, len(content))
		}
		if st := s.Stats(); st.Waiting != 0 {
			t.Fatalf("stats %+v", st)
		}
		crash(t, s)
	})
}

// Everything but the first segment goes, and the process ends before there is another.
func TestHoleAtTheEndIsNoDamage(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.SegmentBytes, cfg.MaxBytes = 100, 300
	var gone dropped
	cfg.Drop = gone.drop
	s := open(t, cfg)
	for i := range 4 { // 240 bytes each, so that there is room for the first alone
		for n := range 10 {
			if err := s.Append([]byte(text(10*i + n))); err != nil {
				t.Fatal(err)
			}
		}
		if unsaved := s.Flush(); unsaved != nil {
			t.Fatal("not kept")
		}
	}
	want(t, gone.records, 10, 30)
	crash(t, s)
	s = open(t, cfg)
	write(t, s, 40, 41)
	want(t, gone.records, 10, 40)
	want(t, take(t, s, 10), 0, 10)
	want(t, take(t, s, 10), 40, 41)
	if st := s.Stats(); st.Damaged != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
	crash(t, s)
}
