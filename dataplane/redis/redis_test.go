package redis_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

func TestURLsAreChecked(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:6379", "http://localhost", "redis://:hunter2/x@host:99999999:1", "redis://user:hunter2@host:port/0", "redis://user:hunter2@host/database", "://hunter2",
		"redis-sentinel://:hunter2@a:26379/mymaster", "redis+cluster://:hunter2@a:6379", "redis://:hunter2@a:6379,b:6379/0"} {
		_, err := redis.New(redis.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "redis://") {
			t.Errorf("%q: %v, want to be told the form", url, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}
