// Command release makes what a release consists of, in a folder: an archive of the programs for each
// platform, a list of what they are made of (CycloneDX), and checksums. The same commit and the same
// Go give the same bytes. The console must have been built before: `make release`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// release is one release under way.
type release struct {
	root      string // of the repository
	out       string // a folder that is made
	version   string
	commit    string // the whole hash
	date      time.Time
	platforms []string // os/arch
	programs  []string // folders of cmd
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := release{root: ".", programs: []string{"trunkline", "trunkline-controlplane", "trunkline-dataplane", "trunklinectl"}}
	flag.StringVar(&r.out, "out", "dist", "`folder` for the result; it must not exist")
	flag.StringVar(&r.version, "version", "", "such as v1.2.3; default: the tag of the commit")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "`os/arch`, separated by commas")
	dirty := flag.Bool("dirty", false, "go on with changes that are not committed: not for publishing")
	flag.Parse()
	r.platforms = strings.Split(*platforms, ",")
	err := r.describe(ctx, *dirty)
	if err == nil {
		err = r.make(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
	fmt.Println("made", r.version, "of", r.commit, "in", r.out)
}

// make makes everything.
func (r *release) make(ctx context.Context) error {
	if err := os.Mkdir(r.out, 0o755); err != nil {
		return fmt.Errorf("make the folder of the result: %w", err)
	}
	modules, err := r.goModules(ctx)
	if err != nil {
		return err
	}
	packages, err := npmPackages(filepath.Join(r.root, "webui"))
	if err != nil {
		return err
	}
	parts := append(modules, packages...)
	if err := findLicences(parts); err != nil {
		return err
	}
	notices, err := writeNotices(parts)
	if err != nil {
		return err
	}
	var made []string
	for _, platform := range r.platforms {
		name, err := r.archive(ctx, platform, notices)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		made = append(made, name)
	}
	bom := fmt.Sprintf("trunkline_%s.cdx.json", r.version)
	if err := r.writeSBOM(filepath.Join(r.out, bom), parts); err != nil {
		return err
	}
	return writeChecksums(r.out, append(made, bom))
}
