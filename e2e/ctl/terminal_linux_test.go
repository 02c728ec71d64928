package ctl

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"golang.org/x/sys/unix"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// patience is how long something may take on a busy machine.
const patience = time.Minute

// terminal is a program that runs at a terminal of its own: what it shows, and a keyboard.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	ours *os.File
	done chan error

	mu    sync.Mutex // guards the fields below
	shown bytes.Buffer
	news  chan struct{} // replaced when something is shown
}

// newTerminal starts a program at a terminal.
func newTerminal(t *testing.T, env []string, name string, args ...string) *terminal {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, ours: ours, done: make(chan error, 1), news: make(chan struct{})}
	x.cmd = exec.Command(name, args...)
	x.cmd.Dir, x.cmd.Env = t.TempDir(), append(os.Environ(), append([]string{"TERM=xterm", "HOME=" + t.TempDir()}, env...)...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = theirs, theirs, theirs
	x.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // it is the program's now
	read := make(chan struct{})
	go func() { defer close(read); x.read() }()
	go func() { x.done <- x.cmd.Wait() }()
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill() // it has ended, unless the test failed
		_ = ours.Close()
		<-read
	})
	return x
}

func (x *terminal) read() {
	for b := make([]byte, 4096); ; {
		n, err := x.ours.Read(b)
		x.mu.Lock()
		x.shown.Write(b[:n])
		close(x.news)
		x.news = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			return // the program has closed its end
		}
	}
}

// screen is all that was shown.
func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown.String()
}

// await waits until what is shown holds text.
func (x *terminal) await(text string) {
	x.t.Helper()
	late := time.After(patience)
	for {
		x.mu.Lock()
		found, news := strings.Contains(x.shown.String(), text), x.news
		x.mu.Unlock()
		if found {
			return
		}
		select {
		case <-news:
		case <-late:
			x.t.Fatalf("%q is never shown:\n%s", text, x.screen())
		}
	}
}

// types presses keys.
func (x *terminal) types(keys string) {
	x.t.Helper()
	if _, err := x.ours.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// ends waits until the program has ended and checks its exit code.
func (x *terminal) ends(code int) {
	x.t.Helper()
	select {
	case <-x.done:
		if got := x.cmd.ProcessState.ExitCode(); got != code {
			x.t.Errorf("the exit code is %d, want %d:\n%s", got, code, x.screen())
		}
	case <-time.After(patience):
		x.t.Fatalf("the program does not end:\n%s", x.screen())
	}
}

// TestTypedSecretsAreNotShown: the address and the user name are echoed, the password is not.
// Ctrl-C at a question ends the program and leaves the terminal as it was.
func TestTypedSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	ctl := programs.Path(t, "trunklinectl")
	x := newTerminal(t, nil, ctl, "login")
	x.await("Server [http://127.0.0.1:8001]: ")
	x.types(all.Address("console") + "\n")
	x.await("User name (empty when you have a token): ")
	x.types("admin\n")
	x.await("Password of admin: ")
	x.types("wrong\x15" + adminPassword + "é\x7f\r")
	x.await("signed in to " + all.Address("console") + " as admin")
	x.ends(0)
	if screen := x.screen(); strings.Contains(screen, adminPassword) || !strings.Contains(screen, "admin\r\n") {
		t.Errorf("shown was\n%s", screen)
	}

	env := []string{"TRUNKLINE_SERVER=" + all.Address("console")}
	x = newTerminal(t, env, ctl, "whoami", "--username", "admin")
	x.await("Password of admin: ")
	x.types("\x03")
	x.await("interrupted")
	x.ends(130)
	settings, err := unix.IoctlGetTermios(int(x.ours.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if settings.Lflag&unix.ECHO == 0 {
		t.Error("the terminal no longer shows what is typed")
	}
}

// TestASecondFactorIsAskedFor: after the password its code is asked for, at a terminal only.
func TestASecondFactorIsAskedFor(t *testing.T) {
	t.Parallel()
	all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	recovery := enrol(t, all.Address("console"))
	ctl := programs.Path(t, "trunklinectl")
	env := []string{"TRUNKLINE_SERVER=" + all.Address("console")}
	x := newTerminal(t, env, ctl, "login", all.Address("console"), "--username", "admin")
	x.await("Password of admin: ")
	x.types(adminPassword + "\r")
	x.await("Code of the second factor of admin: ")
	x.types(recovery + "\r")
	x.await("signed in to " + all.Address("console") + " as admin")
	x.ends(0)
	if strings.Contains(x.screen(), recovery) {
		t.Errorf("the code is shown:\n%s", x.screen())
	}

	cmd := exec.CommandContext(t.Context(), ctl, "whoami", "--username", "admin")
	cmd.Env = append(env, "TRUNKLINE_ADMIN_PASSWORD="+adminPassword, "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the user has a second factor") {
		t.Errorf("without a terminal: %v\n%s", err, out)
	}
}

// enrol gives the user admin a second factor, and returns one of its recovery codes.
func enrol(t *testing.T, address string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := adminv1connect.NewSessionServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar}, address)))
	if _, err := client.Login(t.Context(), &adminv1.LoginRequest{Username: "admin", Password: adminPassword}); err != nil {
		t.Fatal(err)
	}
	begun, err := client.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.GetSecret())
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	code := fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
	confirmed, err := client.ConfirmTotp(t.Context(), &adminv1.ConfirmTotpRequest{Code: code})
	if err != nil || len(confirmed.GetRecoveryCodes()) == 0 {
		t.Fatalf("%v, %v", confirmed, err)
	}
	return confirmed.GetRecoveryCodes()[0]
}
