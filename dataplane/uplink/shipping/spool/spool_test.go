package spool_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
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
