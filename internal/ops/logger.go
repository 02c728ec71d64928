package ops

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// LogSettings say what a program logs, and how. The zero value is invalid: Register has the defaults.
type LogSettings struct{ Level, Format string }

// Register adds the settings.
func (l *LogSettings) Register(set *settings.Set) {
	set.String(&l.Level, "log-level", "TRUNKLINE_LOG_LEVEL", "info", "debug, info, warn or error")
	set.String(&l.Format, "log-format", "TRUNKLINE_LOG_FORMAT", "text", "text: lines of key=value; json: one object a line, with time, level, msg and the attributes as its members")
}

// Logger writes lines to w.
func (l *LogSettings) Logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", l.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.Format {
	case "text":
		return slog.New(traced{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(traced{slog.NewJSONHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log format %q: use text or json", l.Format)
}

// traced adds the trace and the span that a line belongs to, where it belongs to one.
type traced struct{ slog.Handler }

// Handle writes a line.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is part of slog.Handler.
func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

// WithGroup is part of slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
