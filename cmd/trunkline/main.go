// Command trunkline is the whole gateway in one process: console, admin API and /v1 on
// one port, SQLite, no other parts. It is the control plane and a node as they are
// elsewhere, joined by a gRPC connection in memory.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trunkline-ai/trunkline/internal/allinone"
	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

func main() { run.MainDraining(start) }

// options are the settings of the all-in-one.
type options struct {
	allinone.Config
	logging ops.LogSettings
}

func start(ctx context.Context, hurry <-chan struct{}) error {
	var o options
	set := settings.New(settings.Config{
		Program: "trunkline",
		About:   "Trunkline, an AI gateway, as one process: console, admin API and /v1 on one port, on SQLite. Telemetry is configured by the OTEL_* variables of OpenTelemetry.",
		Commands: []settings.Command{
			{Name: "healthcheck", About: "ask the process that runs with the same settings whether it is ready: exit code 0 if so, else 1"},
		},
	})
	o.register(set)
	if err := set.Parse(os.Args[1:]); err != nil {
		return err
	}
	if set.Command() == "healthcheck" {
		return ops.Probe(ctx, o.TLS.OpsAddress(o.OpsListen))
	}
	if err := set.Export("OTEL_"); err != nil {
		return err
	}
	if o.Demo {
		o.logging.Level = "error" // the tables are the log
	}
	log, err := o.logging.Logger(os.Stderr)
	if err != nil {
		return err
	}
	if o.Demo {
		dir, err := os.MkdirTemp("", "trunkline-demo-")
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer os.RemoveAll(dir)
		o.DataDir, o.DatabaseURL = dir, "sqlite:///"+filepath.Join(dir, "trunkline.db")
	}
	o.Logger, o.Lookup = log, set.LookupEnv
	memory := memlimit.Apply()
	o.Data.Heap = memlimit.KeepFloor()
	log.Info("memory", "limit_bytes", memory.Bytes, "from", memory.Source)
	o.Data.Memory = memory.Bytes
	if err := o.Data.Check(); err != nil {
		return err
	}
	g, err := allinone.New(ctx, o.Config)
	if err != nil {
		return err
	}
	return g.Run(ctx, hurry)
}

func (o *options) register(set *settings.Set) {
	set.String(&o.Listen, "listen", "TRUNKLINE_LISTEN", "127.0.0.1:8001", "address of console, admin API and /v1")
	set.String(&o.OpsListen, "ops-listen", "TRUNKLINE_OPS_LISTEN", "127.0.0.1:8003", "address of /healthz, /readyz and /metrics")
	set.SecretFrom(&o.DatabaseURL, &o.DatabaseURLFile, "database-url-file", "DATABASE_URL", "sqlite:///./data/trunkline.db", "sqlite:///path or postgres://user:password@host/database; default: sqlite:///./data/trunkline.db")
	set.String(&o.DataDir, "data-dir", "TRUNKLINE_DATA_DIR", "./data", "where calls wait that are not in the database yet, and the key file lies when TRUNKLINE_SECRET_KEY is not set; of this process alone")
	set.SecretFrom(&o.SecretKey, &o.SecretKeyFile, "secret-key-file", "TRUNKLINE_SECRET_KEY", "", "base64 of 32 bytes that seal provider keys; default: a key file made in the data directory")
	o.logging.Register(set)
	set.Bool(&o.Demo, "demo", "", false, "start with three scripted providers on a throw-away database, send calls that fail over, and show what happened")
	o.Control.Register(set)
	o.Connections.Register(set)
	o.TLS.Register(set, "console, admin API and /v1")
	o.Data.Register(set)
}
