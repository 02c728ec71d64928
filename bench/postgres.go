package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// postgresPrograms is the folder of PostgreSQL's programs.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("initdb is not installed")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// acceptsConnections is PostgreSQL's word for serving.
var acceptsConnections = regexp.MustCompile(`database system is (ready) to accept connections`)

// startPostgres starts a server with an empty database, with its default settings: what it says to have stored it has.
func (b *bench) startPostgres(ctx context.Context, programs string) (*process, string, error) {
	// Apart from the bench's folder, which the server's user may not enter.
	dir, err := os.MkdirTemp("", "trunkline-bench-postgres-")
	if err != nil {
		return nil, "", fmt.Errorf("make a directory: %w", err)
	}
	b.folders = append(b.folders, dir)
	as, err := serverUser(dir)
	if err != nil {
		return nil, "", err
	}
	data := filepath.Join(dir, "data")
	initdb := append(as, filepath.Join(programs, "initdb"), "--pgdata="+data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
	if out, err := exec.CommandContext(ctx, initdb[0], initdb[1:]...).CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("find a port: %w", err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return nil, "", fmt.Errorf("find a port: %w", err)
	}
	var p *process
	err = b.cpus.proxy.with(func() (err error) {
		p, _, err = start(ctx, acceptsConnections, dir, nil, append(as, filepath.Join(programs, "postgres"), "-D", data, "-p", strconv.Itoa(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "logging_collector=off")...)
		return err
	})
	return p, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port), err
}

// serverUser is what a command begins with to run as somebody who may run PostgreSQL, which root may not;
// the folder is theirs.
func serverUser(dir string) ([]string, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("whom to run PostgreSQL as: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	if err := os.Chown(dir, uid, -1); err != nil {
		return nil, fmt.Errorf("give the folder away: %w", err)
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}, nil
}
