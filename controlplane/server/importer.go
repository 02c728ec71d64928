package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

// newImporter wires what imports models and tests providers.
func (s *Server) newImporter(cfg Config) (err error) {
	var catalogue *importer.Catalogue
	if cfg.PriceCatalogue != "" {
		if catalogue, err = importer.OpenCatalogue(cfg.PriceCatalogue, cfg.Logger); err != nil {
			return err
		}
	}
	upstream := remote.Config{}
	if cfg.AllInOne != nil {
		upstream = remote.Config{AllowPrivateNetwork: true, FakeDial: cfg.AllInOne.DialFake}
	}
	upstream.Mint = cloudauth.New(cloudauth.Config{AllowPrivateNetwork: upstream.AllowPrivateNetwork, InstanceIdentity: cfg.InstanceIdentity}).Mint
	s.imports, err = importer.New(importer.Config{
		Live: s.live, Opener: s.opener, Store: store.NewImports(s.db), Lock: s.db, Catalogue: catalogue, Logger: cfg.Logger,
		Remote: remote.New(upstream),
	})
	if err != nil {
		return err
	}
	registerImports(cfg.Metrics, s.imports)
	return nil
}

func registerImports(reg prometheus.Registerer, imports *importer.Importer) {
	counter := func(result string, read func(importer.Stats) uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_imports_total", Help: "Imports of models made by this replica, one per provider.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(read(imports.Stats())) }))
	}
	counter("ok", func(s importer.Stats) uint64 { return s.Succeeded })
	counter("failed", func(s importer.Stats) uint64 { return s.Failed })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_imports_failing", Help: "Providers whose last scheduled import failed, as last seen by the replica that runs imports.",
	}, func() float64 { return float64(imports.Stats().Failing) }))
}
