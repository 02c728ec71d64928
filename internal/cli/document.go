package cli

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

func (c *subcommand) readFile(resource protoreflect.Message) error { return nil }
