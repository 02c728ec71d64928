//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guardScript outlives the test process by a moment. It reads lines of process ids, the
// last one holds; at the end of its input, which comes however the test process ends, it
// wakes and ends these processes and removes the folder. The processes get a second for
// the polite signal, then SIGKILL.
const guardScript = `
pids=
while read -r line; do pids=$line; done
if [ -n "$pids" ]; then
	kill -CONT $pids
	kill -QUIT ${pids%% *}
	for i in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 ${pids%% *} || break
		sleep 0.1
	done
	kill -KILL $pids
fi
rm -rf "$1"
`

// sandbox is a temporary folder in which one server runs, one process at a time, as an
// unprivileged user. It needs no goroutine, so that tests may look for leaked ones.
type sandbox struct {
	dir        string
	credential *syscall.Credential // nil: our own user
	guard      *exec.Cmd
	guardInput io.WriteCloser
	pid        int // of the server; 0 when none runs
}

// newSandbox makes the folder and the guard that removes it.
func newSandbox(name string) (*sandbox, error) {
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "trunkline-"+name+"-")
	if err != nil {
		return nil, err
	}
	s := &sandbox{dir: dir, credential: credential}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	s.guard = exec.Command("sh", "-c", guardScript, "guard", dir)
	// A group of its own: an interrupt typed at the terminal must not reach the guard.
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.guardInput, err = s.guard.StdinPipe(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.guard.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// unprivileged returns whom a server runs as: PostgreSQL refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("we are root, and there is no user postgres or nobody to run the server as")
}

// command prepares a program to run in the sandbox, as its user.
func (s *sandbox) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.credential}
	return cmd
}

// start runs the server; its output goes to the sandbox's log.
func (s *sandbox) start(path string, args ...string) error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command(path, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(path), err)
	}
	s.pid = cmd.Process.Pid
	// From here on the process is known by its id only; exited collects it.
	return errors.Join(s.watch(s.pid), cmd.Process.Release())
}

// watch tells the guard which processes to end; the first is the server.
func (s *sandbox) watch(pids ...int) error {
	words := make([]string, len(pids))
	for i, pid := range pids {
		words[i] = strconv.Itoa(pid)
	}
	if _, err := io.WriteString(s.guardInput, strings.Join(words, " ")+"\n"); err != nil {
		return fmt.Errorf("tell the guard: %w", err)
	}
	return nil
}

// exited reports whether the server's process has ended, and collects it.
func (s *sandbox) exited() bool {
	if s.pid == 0 {
		return true
	}
	pid, err := syscall.Wait4(s.pid, nil, syscall.WNOHANG, nil)
	if pid == 0 && err == nil || errors.Is(err, syscall.EINTR) {
		return false
	}
	s.pid = 0
	return true
}

// awaitReady polls until ready succeeds, the process ends or 30 s have passed.
func (s *sandbox) awaitReady(ready func() bool) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if s.exited() {
			return fmt.Errorf("ended at once: %s", s.logTail())
		}
		if ready() {
			return nil
		}
	}
	return fmt.Errorf("not ready after 30 s: %s", s.logTail())
}

// signal sends the server's process a signal.
func (s *sandbox) signal(sig syscall.Signal) error {
	if s.exited() { // and never to process 0, which would be ourselves
		return errors.New("it is not running")
	}
	return syscall.Kill(s.pid, sig)
}

// end sends the server a signal and waits until it is gone; SIGKILL after 10 s.
func (s *sandbox) end(sig syscall.Signal) error {
	if s.exited() {
		return nil
	}
	if err := errors.Join(syscall.Kill(s.pid, sig), syscall.Kill(s.pid, syscall.SIGCONT)); err != nil {
		return fmt.Errorf("end process %d: %w", s.pid, err)
	}
	for deadline := time.Now().Add(10 * time.Second); !s.exited(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(s.pid, syscall.SIGKILL) // if it is gone meanwhile, so much the better
		}
	}
	return s.watch()
}

// close ends the server and removes the folder. The guard does the removing.
func (s *sandbox) close() error {
	return errors.Join(s.end(syscall.SIGQUIT), s.guardInput.Close(), s.guard.Wait())
}

func (s *sandbox) logPath() string { return filepath.Join(s.dir, "server.log") }

// logTail is the end of the server's log, for failure messages.
func (s *sandbox) logTail() string {
	const most = 4096
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-most):])
}

// freePort asks the system for a port. Another process may take it before the server
// does, so whoever starts a server tries several.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
