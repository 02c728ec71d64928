// Command trunkline-controlplane owns the configuration: console, admin API, and the
// link that data-plane nodes dial.
package main

import (
	"context"
	"os"

	"github.com/trunkline-ai/trunkline/controlplane/server"
	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

func main() { run.Main(start) }

func start(ctx context.Context) error {
	set := settings.New(settings.Config{
		Program: "trunkline-controlplane",
		About:   "The control plane of Trunkline: configuration, console, admin API and the nodes' link. Telemetry is configured by the OTEL_* variables of OpenTelemetry.",
		Commands: []settings.Command{
			{Name: "migrate", About: "bring the database's schema up to date, and end; servers then run with --no-migrate"},
			{Name: "healthcheck", About: "ask the process that runs with the same settings whether it is ready: exit code 0 if so, else 1"},
		},
	})
	var process server.Process
	process.Register(set)
	var logging ops.LogSettings
	logging.Register(set)
	if err := set.Parse(os.Args[1:]); err != nil {
		return err
	}
	if set.Command() == "healthcheck" {
		return ops.Probe(ctx, process.OpsAddress())
	}
	if err := set.Export("OTEL_"); err != nil {
		return err
	}
	log, err := logging.Logger(os.Stderr)
	if err != nil {
		return err
	}
	if set.Command() == "migrate" {
		return process.Migrate(ctx, log)
	}
	memory := memlimit.Apply()
	log.Info("memory", "limit_bytes", memory.Bytes, "from", memory.Source)
	return process.Run(ctx, log, set.LookupEnv)
}
