package server

import (
	"context"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/manifest"
)

// ApplyFile makes the documents of a declarative file so, at start. Keys that had to be
// made are printed to out once: they do not belong in logs.
func (s *Server) ApplyFile(ctx context.Context, path string, lookup func(string) (string, bool), out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	defer f.Close()
	docs, err := manifest.Read(f, lookup)
	if err != nil {
		return fmt.Errorf("apply %s: %w", path, err)
	}
	return s.Apply(ctx, docs, out)
}

// Apply makes the documents so, as ApplyFile does.
func (s *Server) Apply(ctx context.Context, docs []proto.Message, out io.Writer) error {
	result, err := s.live.Apply(ctx, "file", docs, false)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	s.log.Info("configuration applied", "revision", uint64(result.Revision), "resources", len(docs))
	for _, k := range result.Generated {
		fmt.Fprintf(out, "API key %s, shown this once: %s\n", k.Name, k.Secret)
	}
	return nil
}
