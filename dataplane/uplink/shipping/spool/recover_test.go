package spool_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
)

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
