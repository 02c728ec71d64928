package spool_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
)

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
	if lines.count("keeping them in memory") != 1 || lines.count("written to disk again") != 1 {
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
