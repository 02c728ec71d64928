package fleet

import (
	"sort"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
)

// remembered is of how many revisions it is known since when they are the newest.
const remembered = 4096

// lag remembers when revisions became known here.
type lag struct {
	mu    sync.Mutex
	since []arrival // guarded by mu; by revision
}

type arrival struct {
	revision uint64
	at       time.Time
}

// saw notes the newest revision. One that is lower begins again: the database was replaced.
func (l *lag) saw(revision uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.since); n > 0 {
		switch last := l.since[n-1].revision; {
		case last == revision:
			return
		case last > revision:
			l.since = nil
		}
	}
	l.since = append(l.since, arrival{revision, at})
	if len(l.since) > remembered {
		l.since = append([]arrival(nil), l.since[remembered/2:]...)
	}
}

// of says how many revisions newest is ahead of applied, and since when it has been ahead at
// all: at least since then, if the control plane is younger than that. The duration is in
// whole milliseconds; nil for none.
func (l *lag) of(applied, newest uint64, now time.Time) (uint64, *durationpb.Duration) {
	if applied >= newest {
		return 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := sort.Search(len(l.since), func(i int) bool { return l.since[i].revision > applied })
	if i == len(l.since) {
		return newest - applied, nil // heard of a moment ago
	}
	return newest - applied, durationpb.New(max(now.Sub(l.since[i].at), 0).Truncate(time.Millisecond))
}
