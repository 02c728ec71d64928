// Command trunklinectl operates Trunkline from a shell: see trunklinectl --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/trunkline-ai/trunkline/internal/cli/app"
	"github.com/trunkline-ai/trunkline/internal/cli/proc"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app.Run(ctx, proc.OS(), version(), os.Args[1:])
}

// version is what `go install` or the release build stamped, or devel.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
