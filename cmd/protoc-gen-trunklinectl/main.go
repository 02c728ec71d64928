// Command protoc-gen-trunklinectl generates the commands of trunklinectl from
// the admin protos. buf runs it; see buf.gen.yaml.
//
// What it writes is data only: per RPC the name, the comment and the typed
// call, per request field the comment, which Go descriptors do not carry.
// How these become flags, tables and exit codes is the job of cli.
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/trunkline-ai/trunkline/internal/version"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("protoc-gen-trunklinectl", version.String())
		return
	}
	protogen.Options{}.Run(generate)
}
