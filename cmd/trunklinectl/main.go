// Command trunklinectl operates Trunkline from a shell: see trunklinectl --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/trunkline-ai/trunkline/cli/app"
	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/internal/version"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app.Run(ctx, proc.OS(), version.String(), os.Args[1:])
}
