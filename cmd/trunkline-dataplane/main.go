// Command trunkline-dataplane is a node: it serves /v1 from the snapshot that the control
// plane sends, and needs neither database nor console.
package main

import (
	"context"
	"os"

	"github.com/trunkline-ai/trunkline/dataplane/server"
	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

func main() { run.MainDraining(start) }

func start(ctx context.Context, hurry <-chan struct{}) error {
	set := settings.New(settings.Config{
		Program: "trunkline-dataplane",
		About:   "A data-plane node of Trunkline: it serves /v1 from the control plane's snapshot. Telemetry is configured by the OTEL_* variables of OpenTelemetry.",
		Commands: []settings.Command{
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
	memory := memlimit.Apply()
	process.Heap = memlimit.KeepFloor()
	log.Info("memory", "limit_bytes", memory.Bytes, "from", memory.Source)
	process.Memory = memory.Bytes
	return process.Run(ctx, hurry, log)
}
