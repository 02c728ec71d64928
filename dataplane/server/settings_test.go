package server

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// Values that the packages below would take for their own defaults, or that nobody can want.
func TestSettingsThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                            "",
		"--stream-keep-alive=100ms":   "",
		"--stream-keep-alive=0s":      "--stream-keep-alive is 0s, want 100ms or more",
		"--stream-keep-alive=1ms":     "--stream-keep-alive is 1ms",
		"--call-spool-bytes=0":        "--call-spool-bytes is 0, want 65536 or more",
		"--call-spool-bytes=65536":    "",
		"--call-spool-age=0s":         "--call-spool-age is 0s",
		"--call-spool-age=1s":         "",
		"--min-free-disk=0":           "",
		"--min-free-disk=90":          "",
		"--min-free-disk=91":          "--min-free-disk is 91, want a percentage from 0 to 90",
		"--min-free-disk=-1":          "must be 0 or more",
		"--min-free-disk=5%":          "must be a whole number",
		"--stream-keep-alive=-1s":     "must be 0s or more",
		"--max-bodies-bytes=-1":       "must be 0 or more",
		"--call-memory-bytes=64 MiB":  "must be a whole number",
		"--upstream-net-http=perhaps": "must be true or false",
		"--environment=a}b":           `--environment is "a}b"`,
		"--environment=":              `--environment is ""`,
		"--spool-dir=/nonexistent/x":  "--spool-dir /nonexistent/x is not a folder",
		"--spool-dir=settings.go":     "it is a file",
		"--spool-dir=.":               "",
	} {
		var s Settings
		set := settings.New(settings.Config{Program: "test", LookupEnv: func(string) (string, bool) { return "", false }, DotEnv: filepath.Join(t.TempDir(), ".env")})
		s.Register(set)
		var given []string
		if args != "" {
			given = append(given, args)
		}
		err := set.Parse(given)
		if err == nil {
			err = s.Check()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// The spool takes 0 for its own default, and leaves nothing free only for less.
func TestMinFreeIsAPartOfTheDisk(t *testing.T) {
	t.Parallel()
	for percent, want := range map[int]float64{0: -1, 1: 0.01, 5: 0.05, 90: 0.9} {
		if got := minFree(percent); got != want {
			t.Errorf("%d %%: %v, want %v", percent, got, want)
		}
	}
}

func TestAddressesOfTheControlPlane(t *testing.T) {
	t.Parallel()
	for addresses, good := range map[string]bool{
		"control-plane:8002": true, "a:8002, b:8002": true, "127.0.0.1:1": true, "[::1]:8002": true,
		"": false, "control-plane": false, "http://control-plane:8002": false, "https://control-plane": false, ":8002": false, "a:8002,": false,
		"a:nodes": false, "a:0": false, "a:70000": false, "::1:8002": false,
	} {
		if err := checkControlPlane(addresses); (err == nil) != good {
			t.Errorf("%q: %v", addresses, err)
		}
	}
}
