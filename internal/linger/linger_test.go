package linger

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// source gives n bytes a read, and then its error.
type source struct {
	reads, n int
	err      error
	got      int64
}

func (s *source) Read(p []byte) (int, error) {
	if s.reads == 0 {
		return 0, s.err
	}
	s.reads--
	n := min(s.n, len(p))
	s.got += int64(n)
	return n, nil
}

func TestRestEndsWithWhatIsRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		src    *source
		bounds Bounds
		want   int64
	}{
		"the request ends":   {&source{reads: 3, n: 10, err: io.EOF}, Default, 30},
		"the client leaves":  {&source{reads: 1, n: 10, err: errors.New("reset")}, Default, 10},
		"the client stops":   {&source{reads: 2, n: 10, err: os.ErrDeadlineExceeded}, Default, 20},
		"too much":           {&source{reads: 1 << 20, n: 10}, Bounds{time.Minute, time.Minute, 95}, 100},
		"no time is left":    {&source{reads: 1 << 20, n: 10}, Bounds{0, time.Minute, 1 << 30}, 0},
		"nothing but silent": {&source{err: os.ErrDeadlineExceeded}, Default, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.bounds.Rest(tt.src, func(time.Time) {})
			if tt.src.got != tt.want {
				t.Errorf("%d bytes were read, want %d", tt.src.got, tt.want)
			}
		})
	}
}

// The deadline is a silence away, and never behind the end.
func TestRestSetsDeadlines(t *testing.T) {
	t.Parallel()
	for silence, most := range map[time.Duration]time.Duration{time.Second: time.Second, time.Hour: time.Minute} {
		begun := time.Now()
		var set []time.Time
		Bounds{Time: time.Minute, Silence: silence, Bytes: 1 << 20}.Rest(&source{reads: 3, n: 1, err: io.EOF}, func(t time.Time) { set = append(set, t) })
		if len(set) != 4 {
			t.Fatalf("%d deadlines for 4 reads", len(set))
		}
		for _, at := range set {
			if at.Before(begun) || at.After(time.Now().Add(most)) {
				t.Errorf("a deadline %v after the beginning, want at most %v", at.Sub(begun), most)
			}
		}
	}
}
