package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Programs of Trunkline that are measured.
const (
	commandNode     = "trunkline-dataplane"
	commandControl  = "trunkline-controlplane"
	commandAllInOne = "trunkline"
)

// build is one state of Trunkline: this tree's, or another one to compare with.
type build struct {
	name string // of its node; its all-in-one has a name made of it
	path string // a trunkline-dataplane, or a folder with programs; empty: they are made from this tree
}

// allInOne is the name of the build's all-in-one.
func (b build) allInOne() string {
	if b.name == trunkline {
		return allInOne
	}
	return b.name + "-" + allInOne
}

// builds are this tree's first, then those to compare with.
func (o options) builds() ([]build, error) {
	all := []build{{name: trunkline, path: o.binary}}
	for _, named := range o.also {
		name, path, ok := strings.Cut(named, "=")
		if !ok || name == "" || path == "" {
			return nil, fmt.Errorf("--also: %q is not name=path", named)
		}
		all = append(all, build{name: name, path: path})
	}
	return all, nil
}

// program finds a program of a build, or makes it from this tree. It is empty if the build
// does not have that one.
func (b *bench) program(ctx context.Context, of build, command string) (string, error) {
	if of.path == "" {
		return b.compile(ctx, command)
	}
	path, err := filepath.Abs(of.path)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", of.path, err)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("find %s of %s: %w", command, of.name, err)
	case info.IsDir():
		path = filepath.Join(path, command)
		if _, err := os.Stat(path); err != nil {
			return "", nil // the folder holds what is to be compared
		}
		return path, nil
	case command == commandNode:
		return path, nil
	}
	return "", nil
}

// compile makes a program from this tree, once.
func (b *bench) compile(ctx context.Context, command string) (string, error) {
	path := filepath.Join(b.dir, "programs", command) // apart from the folders of systems
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/trunkline-ai/trunkline/cmd/"+command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as in the image
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	return path, nil
}
