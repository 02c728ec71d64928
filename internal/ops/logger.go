package ops

import (
	"fmt"
	"io"
	"log/slog"

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
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("log format %q: use text or json", l.Format)
}
