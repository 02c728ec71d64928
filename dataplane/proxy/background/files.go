package background

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

const suffix = ".json"

func (k *Keeper) path(call string) string { return filepath.Join(k.cfg.Dir, call+suffix) }

// write keeps an entry over a restart. A disk that fails costs only that.
func (k *Keeper) write(e *entry) {
	if k.cfg.Dir == "" {
		return
	}
	text, err := json.Marshal(e)
	if err == nil {
		err = atomicfile.Write(k.path(e.Call.ID), text)
	}
	if err != nil {
		k.cfg.Logger.Error("failed to save a background response; a restart would lose it", "call", e.Call.ID, "error", err)
	}
}

func (k *Keeper) remove(call string) {
	if k.cfg.Dir == "" {
		return
	}
	if err := atomicfile.Remove(k.path(call)); err != nil {
		k.cfg.Logger.Error("failed to delete the file of a background response", "call", call, "error", err)
	}
}

// load reads what an earlier run left. What was recorded is recorded again, in case that did not get
// to the disk; what cannot be read is left out.
func (k *Keeper) load() {
	if k.cfg.Dir == "" {
		return
	}
	if err := os.MkdirAll(k.cfg.Dir, 0o700); err != nil {
		k.cfg.Logger.Error("failed to create the folder of background responses; a restart would lose them", "error", err)
		return
	}
	files, err := os.ReadDir(k.cfg.Dir)
	if err != nil {
		k.cfg.Logger.Error("failed to load background responses", "error", err)
	}
	for _, f := range files {
		call, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok {
			continue
		}
		e := &entry{}
		text, err := os.ReadFile(filepath.Join(k.cfg.Dir, f.Name()))
		if err == nil {
			err = json.Unmarshal(text, e)
			e.split(k.cfg.Now().Add(k.cfg.Soonest))
		}
		if err == nil && (e.Call.ID != call || !e.Ended && len(e.parts) == 0) {
			err = errors.New("it names another call, or no response")
		}
		switch {
		case err != nil:
			k.cfg.Logger.Error("failed to load a background response", "file", f.Name(), "error", err)
			k.remove(call)
		case e.Ended:
			k.ended[call] = ended{at: k.cfg.Now(), file: true}
			k.again = append(k.again, e.Call)
		case len(k.waiting) < k.cfg.Max:
			e.loaded = true
			k.waiting[call] = e
			k.keys[e.Call.APIKey]++
		}
	}
}

// Use gives the calls of an earlier run their leases, once it is known which keys there are.
func (k *Keeper) Use(s *dataplane.Snapshot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.ContainsFunc(slices.Collect(maps.Values(k.waiting)), func(e *entry) bool { return e.loaded }) {
		return
	}
	keys := map[string]*dataplane.APIKey{}
	for key := range s.Keys() {
		keys[key.Name] = key
	}
	for _, e := range k.waiting {
		if key := keys[e.Call.APIKey]; e.loaded && key != nil && key.Limited() && k.cfg.Resume != nil {
			e.Lease = k.cfg.Resume(key, e.Reserved)
		}
		e.loaded = false
	}
}

// metrics of responses in the background.
type metrics struct {
	ended         *prometheus.CounterVec
	refused, late prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, waiting func() float64) metrics {
	m := metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_background_responses_ended_total",
			Help: "Finished background responses served by this node, by result: completed, incomplete, failed, cancelled, gone (the provider no longer has it) or given_up (after 24 hours).",
		}, []string{"status"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "trunkline_background_responses_refused_total", Help: "Requests with background: true that were refused because 2,000 responses of this node, or 250 of the API key, were unfinished.",
		}),
		late: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "trunkline_background_late_records_total", Help: "Records made by this node of background responses that another node served, 2 minutes after their end was seen here; existing records are not stored again.",
		}),
	}
	reg.MustRegister(m.ended, m.refused, m.late, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_background_responses", Help: "Unfinished background responses served by this node: their calls are not recorded yet.",
	}, waiting))
	for status := range outcomes {
		m.ended.WithLabelValues(status)
	}
	return m
}
