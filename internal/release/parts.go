package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// part is somebody else's work that the programs or the console contain.
type part struct {
	kind    string // golang or npm, as package URLs name it
	name    string
	version string
	dir     string // where its files are
	licence string // an SPDX expression: as the package declares it, else as findLicences reads it
}

// goModules are the modules that packages of the programs come from, on any of the platforms.
func (r *release) goModules(ctx context.Context) ([]part, error) {
	seen := map[string]part{}
	for _, platform := range r.platforms {
		system, arch, _ := strings.Cut(platform, "/")
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}")
		for _, name := range r.programs {
			cmd.Args = append(cmd.Args, "./cmd/"+name)
		}
		cmd.Dir, cmd.Stderr = r.root, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("list modules: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			fields := strings.Split(strings.TrimSpace(line), "\t")
			if len(fields) == 3 {
				seen[fields[0]] = part{kind: "golang", name: fields[0], version: fields[1], dir: fields[2]}
			}
		}
	}
	return sorted(seen), nil
}

// npmPackages are those that the console may contain: what is not only for building it.
func npmPackages(webui string) ([]part, error) {
	raw, err := os.ReadFile(filepath.Join(webui, "package-lock.json"))
	if err != nil {
		return nil, fmt.Errorf("list npm packages: %w", err)
	}
	var lock struct {
		Packages map[string]struct {
			Version     string `json:"version"`
			License     string `json:"license"`
			Dev         bool   `json:"dev"`
			DevOptional bool   `json:"devOptional"`
			Optional    bool   `json:"optional"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return nil, fmt.Errorf("list npm packages: %w", err)
	}
	seen := map[string]part{}
	for path, p := range lock.Packages {
		at := strings.LastIndex(path, "node_modules/")
		if at < 0 || p.Dev || p.DevOptional || p.Optional {
			continue // the console itself, or what only builds it
		}
		name := path[at+len("node_modules/"):]
		seen[name+"@"+p.Version] = part{kind: "npm", name: name, version: p.Version, dir: filepath.Join(webui, filepath.FromSlash(path)), licence: p.License}
	}
	return sorted(seen), nil
}

func sorted(parts map[string]part) []part {
	var all []part
	for _, p := range parts {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b part) int { return strings.Compare(a.name+"@"+a.version, b.name+"@"+b.version) })
	return all
}

// purl is the part's package URL.
func (p part) purl() string {
	name := p.name
	if p.kind == "npm" {
		name = strings.Replace(name, "@", "%40", 1)
	}
	return "pkg:" + p.kind + "/" + name + "@" + p.version
}
