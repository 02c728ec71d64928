package body

import (
	"io"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// What is held for a body follows what came of it, and not what is announced.
func TestRoomFollowsWhatCame(t *testing.T) {
	for name, size := range map[string]int64{"announced": 20 << 20, "not announced": -1} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(1 << 30)
			var held atomic.Int64
			share := budget.Share(&held)
			pool := new(buffer.Pool)
			limits := Limits{Max: 32 << 20, Window: time.Minute, Pool: pool}
			var came int64
			r := httptest.NewRequest("POST", "/v1/chat/completions", readerFunc(func(p []byte) (int, error) {
				if most := max(16<<10, 4*came) + 1<<10; held.Load() > most {
					t.Fatalf("%d bytes held when %d had come, want at most %d", held.Load(), came, most)
				}
				if came == 20<<20 {
					return 0, io.EOF
				}
				n := min(len(p), 1<<10, int(20<<20-came))
				came += int64(n)
				return n, nil
			}))
			r.ContentLength = size
			in, err := limits.open(httptest.NewRecorder(), r, &share)
			if err != nil {
				t.Fatal(err)
			}
			buf, err := in.all(pool)
			if err != nil || len(buf.B) != 20<<20 {
				t.Fatalf("%v", err)
			}
			if size > 0 && held.Load() > size+1<<10 {
				t.Errorf("%d bytes held for a body of %d", held.Load(), size)
			}
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
