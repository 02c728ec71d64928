package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// nginxConfig is a plain proxy: keep-alive both ways, nothing buffered, nothing logged.
const nginxConfig = `
daemon off;
pid %[1]s/nginx.pid;
error_log stderr emerg;
worker_processes auto;
worker_rlimit_nofile 16384;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  keepalive_requests 1000000000;
  upstream provider { server %[2]s; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen %[3]s backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`

// nginxBinary finds nginx; an error means that it is not installed.
func nginxBinary() (string, error) {
	binary, err := exec.LookPath("nginx")
	if err != nil {
		binary = "/usr/sbin/nginx" // which is not in everyone's PATH
	}
	_, err = os.Stat(binary)
	return binary, err
}

// startNginx starts nginx in front of the upstream.
func startNginx(ctx context.Context, dir, upstream string) (*process, string, error) {
	binary, err := nginxBinary()
	if err != nil {
		return nil, "", err
	}
	address, err := freePort()
	if err != nil {
		return nil, "", err
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, upstream, address), 0o600); err != nil {
		return nil, "", fmt.Errorf("write nginx' configuration: %w", err)
	}
	// nginx does not say when it serves: its shell does as soon as it is asked to start.
	p, _, err := start(ctx, regexp.MustCompile(`^(starting)$`), dir, nil,
		"/bin/sh", "-c", `echo starting; exec "$0" -e stderr -p "$1" -c "$2"`, binary, dir, config)
	if err != nil {
		return nil, "", err
	}
	for deadline := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return p, address, c.Close()
		}
		select {
		case <-p.done:
			return nil, "", fmt.Errorf("nginx ended: %s", p.output())
		default:
		}
		if time.Now().After(deadline) {
			p.stop()
			return nil, "", fmt.Errorf("nginx does not serve: %w", err)
		}
	}
}

// freePort finds a port for a program that cannot pick one itself.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
