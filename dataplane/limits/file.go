package limits

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

// saveEvery is how old the file may get.
const saveEvery = 3 * time.Second

// file is what survives a restart.
type file struct {
	Keys []saved `json:"keys"`
}

// saved is what one key has spent in one period, in pico-USD.
type saved struct {
	Key    string            `json:"key"`
	Period string            `json:"period"`
	Start  string            `json:"start"`
	Spent  dataplane.PicoUSD `json:"spent"`
	// Unshared is the part of it that no other node knows of.
	Unshared dataplane.PicoUSD `json:"unshared,omitempty"`
}

// loadSpent reads the file. One that is missing or broken is no reason not to serve.
func (l *Limiter) loadSpent() {
	if l.cfg.File == "" {
		return
	}
	text, err := os.ReadFile(l.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var in file
	if err == nil {
		err = json.Unmarshal(text, &in)
	}
	if err != nil {
		l.cfg.Logger.Error("failed to load the spending of API keys; on this node their budgets start from 0",
			"file", l.cfg.File, "error", err)
		return
	}
	now := l.cfg.Now()
	for _, s := range in.Keys {
		for _, p := range []dataplane.Period{dataplane.Day, dataplane.Week, dataplane.Month} {
			if p.String() == s.Period && p.Start(now).Format(time.DateOnly) == s.Start && s.Spent > 0 {
				l.account(s.Key).remember(p, s, now)
			}
		}
	}
	l.saved = string(text)
}

func (a *account) remember(p dataplane.Period, s saved, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := min(max(s.Unshared, 0), s.Spent)
	a.spending.enter(p, now)
	a.spending.own, a.spending.known = own, s.Spent-own
}

// save writes the file when something has changed.
func (l *Limiter) save() {
	if l.cfg.File == "" {
		return
	}
	text, err := json.Marshal(l.spent())
	if err == nil {
		if string(text) == l.saved {
			return
		}
		err = atomicfile.Write(l.cfg.File, text)
	}
	if err == nil {
		l.saved, l.unsaved = string(text), false
		return
	}
	if !l.unsaved {
		l.unsaved = true
		l.cfg.Logger.Error("failed to save the spending of API keys; a restart would lose it", "file", l.cfg.File, "error", err)
	}
}

// spent lists what keys have spent in periods that are not over, by name.
func (l *Limiter) spent() file {
	now, shared := l.cfg.Now(), l.Shared() && !l.sharing.failing
	out := file{Keys: []saved{}}
	l.accounts.Range(func(_, value any) bool {
		a := value.(*account)
		a.mu.Lock()
		defer a.mu.Unlock()
		s := &a.spending
		if s.total() == 0 || s.over(now) {
			return true
		}
		line := saved{Key: a.name, Period: s.period.String(), Start: s.start.Format(time.DateOnly), Spent: s.total()}
		if !shared { // else the others hear of it before this line could be read
			line.Unshared = s.unshared()
		}
		out.Keys = append(out.Keys, line)
		return true
	})
	slices.SortFunc(out.Keys, func(a, b saved) int { return strings.Compare(a.Key, b.Key) })
	return out
}
