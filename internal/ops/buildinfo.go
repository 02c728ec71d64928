package ops

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/internal/version"
)

// RegisterBuildInfo shows which build runs.
func RegisterBuildInfo(reg prometheus.Registerer) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "trunkline_build_info",
		Help: "Always 1; the labels identify the build: its version as in --version, its commit (empty if unknown), and Go's version.",
	}, []string{"version", "revision", "goversion"})
	reg.MustRegister(info)
	info.WithLabelValues(version.String(), version.Revision(), runtime.Version()).Set(1)
}
