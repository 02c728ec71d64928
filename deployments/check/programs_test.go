package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// root is the repository.
var root = filepath.Join("..", "..")

// programs are what an image has, built when the package's tests begin.
var programs struct {
	dir  string
	help map[string]string
}

func TestMain(m *testing.M) {
	code := 1
	if err := buildPrograms(); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(programs.dir) // the tests have told already what they think
	os.Exit(code)
}

// buildPrograms builds the servers and keeps what they say of their settings.
func buildPrograms() (err error) {
	if programs.dir, err = os.MkdirTemp("", "trunkline-check-"); err != nil {
		return err
	}
	programs.help = map[string]string{}
	names := []string{"trunkline", "trunkline-controlplane", "trunkline-dataplane"}
	build := exec.Command("go", "build", "-o", programs.dir+"/")
	for _, name := range names {
		build.Args = append(build.Args, "./cmd/"+name)
	}
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	for _, name := range names {
		help, err := exec.Command(filepath.Join(programs.dir, name), "--help").Output()
		if err != nil {
			return err
		}
		programs.help[name] = string(help)
	}
	return nil
}

// has reports whether a program's help names a flag, variable or command as a word of its own.
func has(program, word string) bool {
	return regexp.MustCompile(`(?m)(^|[\s,])` + regexp.QuoteMeta(word) + `($|[\s,])`).MatchString(programs.help[program])
}

// checkEnvironment wants every variable to be one that the program knows.
func checkEnvironment(t *testing.T, where, program string, names []string) {
	t.Helper()
	if programs.help[program] == "" {
		t.Errorf("%s runs %q, which is no program of ours", where, program)
		return
	}
	for _, name := range names {
		// OTEL_* is read by the library; GOMEMLIMIT and the like by Go.
		if !has(program, name) && !strings.HasPrefix(name, "OTEL_") && !strings.HasPrefix(name, "GO") {
			t.Errorf("%s sets %s, which %s does not know", where, name, program)
		}
	}
}

// checkCommand wants what is behind a program's name to be commands and flags that it knows.
func checkCommand(t *testing.T, where string, command []string) {
	t.Helper()
	for _, word := range command[1:] {
		flag, _, _ := strings.Cut(word, "=")
		if !has(command[0], flag) {
			t.Errorf("%s runs %v, and %s does not know %s", where, command, command[0], flag)
		}
	}
}

// fallback is a duration that a program has for a flag when nothing is said.
func fallback(t *testing.T, program, flag string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(`(?s)  ` + flag + ` duration.*?\(default (\S+)\)`).FindStringSubmatch(programs.help[program])
	if m == nil {
		t.Fatalf("%s has no flag %s with a default", program, flag)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// drain is how long a program may take to end after SIGTERM.
func drain(t *testing.T, program string) time.Duration {
	t.Helper()
	switch program {
	case "trunkline":
		return 10 * time.Minute
	case "trunkline-controlplane":
		return fallback(t, program, "--drain-delay") + 30*time.Second
	default:
		return fallback(t, program, "--drain-delay") + fallback(t, program, "--drain-timeout")
	}
}
