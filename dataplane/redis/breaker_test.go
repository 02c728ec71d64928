package redis

import (
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := map[string]struct {
		every   time.Duration // between two results
		results string        // f is an error
		breaks  int           // at which of them; 0: never
	}{
		"five errors in a row":           {3 * time.Second, "fffff", 5},
		"four in a row, and again":       {3 * time.Second, "ffffsffffs", 0},
		"more than half within 2 s":      {400 * ms, "sffff", 4},
		"half is not more":               {100 * ms, "sfsfsfsfsfsf", 0},
		"a few results say nothing":      {900 * ms, "fff", 0},
		"what is over 2 s ago is past":   {700 * ms, "ffsffsff", 0},
		"many successes outweigh errors": {10 * ms, "ssssssssssssffff", 0},
		"but not five errors in a row":   {10 * ms, "ssssssssssssssssssfffff", 23},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b breaker
			breaks := 0
			for i, r := range tt.results {
				if b.note(time.Duration(i)*tt.every, r == 'f') && breaks == 0 {
					breaks = i + 1
				}
			}
			if breaks != tt.breaks {
				t.Errorf("broke at result %d, want %d", breaks, tt.breaks)
			}
			b.clear()
			if b.note(time.Hour, true) {
				t.Error("one error breaks it after it was cleared")
			}
		})
	}
}
