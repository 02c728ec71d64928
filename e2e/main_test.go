// Package e2e tests the programs as their users run them: real processes, real
// databases, the official SDKs. Only the upstream provider is scripted.
package e2e

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// patience bounds every wait for something that must come.
const patience = 60 * time.Second

// prompt is how long a node may take to serve from its disk. Two seconds are promised; what
// waits for somebody who is dead would take longer than this, on a busy machine too.
const prompt = 10 * time.Second

var programs = program.Build(raceEnabled, "trunkline", "trunkline-controlplane", "trunkline-dataplane", "trunklinectl")

// atOnce is how many tests run at once on a machine with fewer CPUs: most wait for processes of their own.
const atOnce = 4

func TestMain(m *testing.M) {
	flag.Parse()
	if n := runtime.GOMAXPROCS(0); n < atOnce && flag.Lookup("test.parallel").Value.String() == strconv.Itoa(n) {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // it is a number
	}
	os.Exit(programs.Main(m))
}
