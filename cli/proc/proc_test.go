package proc_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trunkline-ai/trunkline/cli/proc"
)

func TestSecretFromStdin(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = null.Close() })
	for _, tc := range []struct {
		name      string
		stdin     io.Reader
		want, err string
	}{
		{"one line", strings.NewReader("secret\n"), "secret", ""},
		{"spaces belong to it", strings.NewReader(" se cret \r\n"), " se cret ", ""},
		{"nothing", null, "", "--secret: nothing on stdin"},
		{"too much", strings.NewReader(strings.Repeat("x", 64<<10+1)), "", "--secret: more than 65536 bytes"},
		{"broken", iotest.ErrReader(errors.New("disk")), "", "--secret: read stdin: disk"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := &proc.Env{Stdin: tc.stdin}
			got, err := env.SecretFromStdin("--secret")
			if got != tc.want || (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("got %q, %v; want %q, %q", got, err, tc.want, tc.err)
			}
			if _, err := env.SecretFromStdin("--other"); err == nil || err.Error() != "--other: stdin is already read by --secret" {
				t.Errorf("the second user got %v", err)
			}
		})
	}
}
