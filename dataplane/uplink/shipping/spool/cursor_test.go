package spool_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

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
