// Command trunklinectl operates Trunkline from a shell: see trunklinectl --help.
package main

import (
	"os"

	"github.com/trunkline-ai/trunkline/cli/app"
	"github.com/trunkline-ai/trunkline/internal/version"
)

func main() { os.Exit(app.Main(version.String())) }
