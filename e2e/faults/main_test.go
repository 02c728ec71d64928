// Package faults breaks what a fleet stands on while clients use it: providers that die,
// flap or all go away, clients that are hostile, slow or leave, nodes that are replaced. It
// runs the programs themselves: a control plane on PostgreSQL, three nodes that share a
// Redis, and scripted providers, each a process of its own.
//
// Tests count what must not happen and time nothing; the figures they print come with -v.
// FAULTS=long runs them at the length whose figures are published.
package faults

import (
	"os"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// patience bounds every wait for something that must come.
const patience = 60 * time.Second

// long tells the published runs from those of every commit.
var long = os.Getenv("FAULTS") == "long"

var programs = program.Build(false, "trunkline-controlplane", "trunkline-dataplane", "fakeprovider")

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }
