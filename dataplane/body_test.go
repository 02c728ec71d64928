package dataplane_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestBodyStaysOutOfLogs(t *testing.T) {
	t.Parallel()
	b := &dataplane.Body{Log: &dataplane.BodyLog{}, Request: []byte("canary"), Response: []byte("canary")}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("call", "body", b)
	for _, text := range []string{fmt.Sprint(b), fmt.Sprintf("%+v", b), fmt.Sprintf("%#v", b), fmt.Sprintf("%+v", dataplane.Call{Body: b}), out.String()} {
		if strings.Contains(text, "canary") || strings.Contains(text, "99 97 110") {
			t.Errorf("printed %q", text)
		}
	}
}
