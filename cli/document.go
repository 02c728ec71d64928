package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxDocument bounds one document, in bytes; the API takes no larger request.
const maxDocument = 8 << 20

// isDocument reports whether a message has a declarative form: whether apply takes it.
func isDocument(md protoreflect.MessageDescriptor) bool {
	specs := (&adminv1.Resource{}).ProtoReflect().Descriptor().Oneofs().ByName("spec").Fields()
	for i := range specs.Len() {
		if specs.Get(i).Message() == md {
			return true
		}
	}
	return false
}

// readFile fills resource from -f, when that is given: one document as apply
// reads it, or as get prints it, which has no kind.
func (c *subcommand) readFile(resource protoreflect.Message) error {
	if c.file == "" {
		return nil
	}
	data, err := c.fileBytes()
	if err != nil {
		return err
	}
	kind := string(resource.Descriptor().Name())
	docs, err := manifest.Read(bytes.NewReader(withKind(data, kind)), c.r.cfg.Env.LookupEnv)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.file, err)
	case len(docs) != 1:
		return exit.Usagef("%s holds %d documents and %s takes one; apply takes many", c.file, len(docs), c.cmd.CommandPath())
	case docs[0].ProtoReflect().Descriptor() != resource.Descriptor():
		return exit.Usagef("%s holds a %s and %s takes a %s", c.file, docs[0].ProtoReflect().Descriptor().Name(), c.cmd.CommandPath(), kind)
	}
	proto.Merge(resource.Interface(), docs[0])
	return nil
}

func (c *subcommand) fileBytes() ([]byte, error) {
	var in io.Reader
	if c.file == "-" {
		stdin, err := c.r.cfg.Env.TakeStdin("-f -")
		if err != nil {
			return nil, err
		}
		in = stdin
	} else {
		f, err := os.Open(c.file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.file, err)
	}
	if len(data) > maxDocument {
		return nil, fmt.Errorf("%s is larger than %d MiB", c.file, maxDocument>>20)
	}
	return data, nil
}

// withKind adds the kind to a document that has none. It does so in the text,
// where it moves no line: faults are reported by line.
func withKind(data []byte, kind string) []byte {
	var head map[string]any
	if err := yaml.Unmarshal(data, &head); err != nil || len(head) == 0 || head["kind"] != nil {
		return data // fine as it is, or for manifest to complain about
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	if rest, ok := bytes.CutPrefix(text, []byte("{")); ok {
		blank := data[:len(data)-len(text)]
		return fmt.Appendf(nil, "%s{%q: %q, %s", blank, "kind", kind, rest)
	}
	return fmt.Appendf(nil, "%s\nkind: %s\n", data, kind)
}
