// Package e2e tests the programs as their users run them: real processes, real
// databases, the official SDKs. Only the upstream provider is scripted.
package e2e

import (
	"os"
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

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }
