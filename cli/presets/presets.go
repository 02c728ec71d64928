// Package presets has the commands that tell of vendors whose addresses and ways are known. They ask
// no server.
package presets

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/preset"
	"github.com/trunkline-ai/trunkline/internal/manifest"
)

// Command makes the presets command.
func Command(r *cli.Runtime) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "presets",
		Short: "Presets of known vendors, for new providers",
		Args:  cli.KnownSubcommand,
		RunE:  cli.ShowHelp,
	}
	cmd.AddCommand(list(r), show(r))
	return cmd
}

func list(r *cli.Runtime) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the presets",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			grid := output.NewGrid("preset", "vendor", "base url", "dialect", "apis")
			for _, p := range preset.All() {
				var apis []string
				for _, e := range p.Provider.Endpoints {
					apis = append(apis, e.API)
				}
				grid.Add(p.ID, p.Title, p.Provider.BaseURL, cmp.Or(p.Provider.Dialect, dialect.Default), output.Text(strings.Join(apis, ", ")))
			}
			return r.Printer().Values(grid, preset.All())
		},
	}
}

func show(r *cli.Runtime) *cobra.Command {
	var name string
	var values map[string]string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Print the provider of a preset as a file for apply",
		Long: `Print the provider of a preset to stdout, as a file for apply. Its key is written
as ${NAME}, which apply takes from the environment:

  trunklinectl presets show deepseek > deepseek.yaml
  DEEPSEEK_API_KEY=... trunklinectl apply -f deepseek.yaml

Parts of an address that are specific to you are given with --set YOUR-RESOURCE=acme.`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) (ids []string, _ cobra.ShellCompDirective) {
			for _, p := range preset.All() {
				ids = append(ids, p.ID)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := file(args[0], name, values)
			if err == nil {
				_, err = r.Printer().Out.Write(text)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the provider; default: the preset's")
	cmd.Flags().StringToStringVar(&values, "set", nil, "PART=VALUE for a part of its address that is specific to you; may be repeated")
	_ = cmd.RegisterFlagCompletionFunc("name", cobra.NoFileCompletions)
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.NoFileCompletions)
	return cmd
}

// file is the provider as a file for apply.
func file(id, name string, values map[string]string) ([]byte, error) {
	p := preset.Find(id)
	if p == nil {
		return nil, exit.Usagef("there is no preset %q: see presets list", id)
	}
	for part := range values {
		if !slices.Contains(p.Placeholders, part) {
			return nil, exit.Usagef("--set: preset %s has no part %q; it has: %s", id, part, cmp.Or(strings.Join(p.Placeholders, ", "), "none"))
		}
	}
	if missing := p.Missing(values); len(missing) > 0 {
		return nil, exit.Usagef("preset %s needs --set %s=...: a part of its address that is one's own", id, missing[0])
	}
	name = cmp.Or(name, p.Name)
	var b bytes.Buffer
	if err := manifest.Write(&b, []proto.Message{p.Document(name, values)}); err != nil {
		return nil, fmt.Errorf("write the provider: %w", err)
	}
	if !p.Keyless {
		fmt.Fprintf(&b, "credentials:\n  - name: main\n    secret: \"${%s_API_KEY}\"\n", variable(name))
	}
	return b.Bytes(), nil
}

// variable makes a name of the environment of a provider's.
func variable(name string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
	if text[0] >= '0' && text[0] <= '9' {
		return "_" + text
	}
	return text
}
