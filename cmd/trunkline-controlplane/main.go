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
		About:   "The control plane of Trunkline: configuration, console, admin API and the nodes' link.",
	})
	var process server.Process
	process.Register(set)
	var logging ops.LogSettings
	logging.Register(set)
	if err := set.Parse(os.Args[1:]); err != nil {
		return err
	}
	log, err := logging.Logger(os.Stderr)
	if err != nil {
		return err
	}
	memory := memlimit.Apply()
	log.Info("memory", "limit_bytes", memory.Bytes, "from", memory.Source)
	return process.Run(ctx, log, set.LookupEnv)
}
