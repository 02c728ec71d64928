package ops_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	var text, object bytes.Buffer
	for format, w := range map[string]io.Writer{"text": &text, "json": &object} {
		log, err := (&ops.LogSettings{Level: "info", Format: format}).Logger(w)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("not told")
		log.Info("not\nready", "error", errors.New("two\nlines"), "revision", 7)
	}
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `msg="not\nready" error="two\nlines" revision=7`) {
		t.Errorf("text: %q", got)
	}
	var line map[string]any
	if err := json.Unmarshal(object.Bytes(), &line); err != nil || bytes.Count(object.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%v: %s", err, &object)
	}
	if line["msg"] != "not\nready" || line["level"] != "INFO" || line["error"] != "two\nlines" || line["revision"] != 7.0 || line["time"] == nil {
		t.Errorf("json: %v", line)
	}
}

func TestLogSettingsThatDoNotExist(t *testing.T) {
	t.Parallel()
	for _, l := range []ops.LogSettings{{"loud", "text"}, {"info", "JSON"}, {"info", ""}, {"", "text"}} {
		if _, err := l.Logger(io.Discard); err == nil {
			t.Errorf("%+v was taken", l)
		}
	}
}
