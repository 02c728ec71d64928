package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// The console in a real browser on the real program: sign-in, pages in four languages and
// two themes, keyboard, phone. webui/e2e holds the specs.
func TestConsole(t *testing.T) {
	t.Parallel()
	needs := func(what string, err error) {
		if err == nil {
			return
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: run make test, which installs it", what)
		}
		t.Skipf("%s is missing: run make test, which installs it", what)
	}
	chromium, err := exec.LookPath("chromium")
	needs("Chromium", err)
	_, err = os.Stat("../webui/node_modules/.bin/playwright")
	needs("webui/node_modules", err)
	_, err = os.Stat("../webui/dist/index.html")
	needs("the built console", err)

	s := allInOne(t)
	l := newLoad(t, s, "first-500")
	l.more(s, 20) // something to show
	l.end()
	cmd := exec.CommandContext(t.Context(), "node_modules/.bin/playwright", "test")
	cmd.Dir = "../webui"
	cmd.Env = append(os.Environ(), "BASE="+s.admin, "CONSOLE_USER=admin", "CONSOLE_PASSWORD="+adminPassword, "CHROMIUM="+chromium)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
