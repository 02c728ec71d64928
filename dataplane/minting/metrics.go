package minting

import "github.com/prometheus/client_golang/prometheus"

// measure makes the metrics.
func (k *Keeper) measure() {
	k.minted = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_tokens_minted_total", Help: "Attempts to get a token, or signing keys, for a credential, by its kind and result (ok, error).",
	}, []string{"kind", "result"})
	if k.cfg.Metrics == nil {
		return
	}
	k.cfg.Metrics.MustRegister(k.minted, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_credentials_without_token", Help: "Credentials that are skipped because they have no valid token.",
	}, func() float64 { return float64(len(k.Outages())) }))
}

func (k *Keeper) count(r *renewal, result string) {
	k.minted.WithLabelValues(r.spec.Kind, result).Inc()
}
