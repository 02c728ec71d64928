package cluster_test

import (
	"os"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// patience bounds every wait for something that must come.
const patience = 2 * time.Minute

var programs = program.Build(false, "trunkline-controlplane", "trunkline-dataplane", "fakeprovider")

func TestMain(m *testing.M) { os.Exit(programs.Main(m, before)) }
