package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// What --apply-mode may say.
const (
	// ApplyCreate makes what is not there and never was.
	ApplyCreate = "create"
	// ApplyReplace makes every document of the file as the file says.
	ApplyReplace = "replace"
	// ApplyPrune does that, and deletes what the file does not name.
	ApplyPrune = "prune"
)

var applyModes = []string{ApplyCreate, ApplyReplace, ApplyPrune}

// startFile is a declarative file that is applied at start.
type startFile struct {
	path, mode string
	lookup     func(string) (string, bool) // finds the variables that it names
	out        io.Writer                   // keys that had to be made are printed there once: they do not belong in logs
}

// ApplyAtStart applies the file of --apply. One that is refused keeps nobody from starting: the
// stored configuration stays in use, and log, metric and API say why. Without a file it does nothing.
func (s *Server) ApplyAtStart(ctx context.Context, set *Settings, lookup func(string) (string, bool), out io.Writer) {
	if set.Apply == "" {
		return
	}
	file := startFile{path: set.Apply, mode: set.ApplyMode, lookup: lookup, out: out}
	result := &adminv1.StartupApply{
		State: adminv1.StartupApplyState_STARTUP_APPLY_STATE_APPLIED, File: file.path, Mode: file.mode, ApplyTime: timestamppb.New(time.Now()),
	}
	var changes []config.ResourceChange
	err := s.audit.Do(ctx, audit.Event{Actor: audit.System, Action: audit.ActionApplyAtStart, Detail: file.mode}, func(ctx context.Context) (err error) {
		changes, err = s.applyFile(ctx, file)
		return err
	})
	if err != nil {
		result.State, result.Error = adminv1.StartupApplyState_STARTUP_APPLY_STATE_REFUSED, explained(err)
		s.log.Error("THE FILE GIVEN TO --apply WAS NOT APPLIED: starting with the stored configuration", "file", file.path, "mode", file.mode, "error", result.GetError())
	}
	count(result, changes)
	result.Revision = uint64(s.live.Current().Revision)
	if n := result.GetLeftAlone(); n > 0 {
		s.log.Warn("documents that differ from the file given to --apply, or were deleted, are left alone; --apply-mode=replace makes them match the file", "file", file.path, "count", n)
	}
	s.applied.Store(result)
}

func (s *Server) applyFile(ctx context.Context, file startFile) ([]config.ResourceChange, error) {
	f, err := os.Open(file.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	docs, err := manifest.Read(f, file.lookup)
	if err != nil {
		return nil, err
	}
	return s.apply(ctx, docs, file.mode, file.out)
}

// Apply makes the documents so.
func (s *Server) Apply(ctx context.Context, docs []proto.Message, out io.Writer) error {
	if _, err := s.apply(ctx, docs, ApplyReplace, out); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

func (s *Server) apply(ctx context.Context, docs []proto.Message, mode string, out io.Writer) ([]config.ResourceChange, error) {
	const actor = "file"
	var result *config.ApplyResult
	var err error
	if mode == ApplyCreate {
		result, err = s.editor.ApplyMissing(ctx, actor, docs)
	} else {
		result, err = s.editor.Apply(ctx, actor, docs, config.ApplyOptions{Prune: mode == ApplyPrune})
	}
	if err != nil {
		return nil, err
	}
	s.log.Info("configuration applied", "revision", uint64(result.Revision), "resources", len(docs))
	for _, k := range result.Generated {
		fmt.Fprintf(out, "API key %s, shown this once: %s\n", k.Name, k.Secret)
	}
	return result.Changes, nil
}

// count says how many documents fared how.
func count(to *adminv1.StartupApply, changes []config.ResourceChange) {
	for _, c := range changes {
		switch c.Op {
		case controlplane.OpCreate:
			to.Created++
		case controlplane.OpUpdate:
			to.Updated++
		case controlplane.OpDelete:
			to.Deleted++
		case config.OpUnchanged:
			to.Unchanged++
		case config.OpLeftAlone:
			to.LeftAlone++
		}
	}
}

// maxExplained bounds what is said of a refused file, in bytes.
const maxExplained = 4 << 10

// explained is an error as admins may see it: with the fields at fault, without the cause of one
// that is ours, which may name hosts.
func explained(err error) string {
	text := err.Error()
	if ours, ok := errors.AsType[*errs.Error](err); ok {
		shown := *ours
		shown.Err = nil
		text = strings.Replace(text, ours.Error(), shown.Error(), 1)
	}
	if len(text) > maxExplained {
		text = strings.ToValidUTF8(text[:maxExplained], "") + "..."
	}
	return text
}

// StartupApply is what became of the file of --apply. It must not be changed.
func (s *Server) StartupApply() *adminv1.StartupApply {
	if a := s.applied.Load(); a != nil {
		return a
	}
	return &adminv1.StartupApply{State: adminv1.StartupApplyState_STARTUP_APPLY_STATE_NONE}
}
