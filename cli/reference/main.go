// Command reference writes the reference of trunklinectl out of its commands: docs/cli, a page for
// each command as Markdown, docs/cli/man, the same as man pages, and docs/cli/completion, the
// completion scripts of shells, for packages that install them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli/app"
)

func main() {
	log.SetFlags(0)
	out := flag.String("o", ".", "folder to write to, in place of the repository's top")
	flag.Parse()
	if err := generate(filepath.Join(*out, "docs", "cli")); err != nil {
		log.Fatalf("generate the reference of the commands: %v", err)
	}
}

func generate(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "man"), 0o755); err != nil {
		return err
	}
	root := app.Tree()
	pages := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			pages = append(pages, c)
		}
	}
	for _, c := range pages {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-")
		text := page(c)
		if c == root {
			text += index(pages[1:])
		}
		if err := os.WriteFile(filepath.Join(dir, name+".md"), []byte("# "+c.CommandPath()+"\n\n"+text), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "man", name+".1"), man(c, name), 0o644); err != nil {
			return err
		}
	}
	return completion(root, filepath.Join(dir, "completion"))
}

// completion writes the scripts under the names that the shells look for.
func completion(root *cobra.Command, dir string) error {
	return errors.Join(
		os.MkdirAll(dir, 0o755),
		root.GenBashCompletionFileV2(filepath.Join(dir, root.Name()), true),
		root.GenZshCompletionFile(filepath.Join(dir, "_"+root.Name())),
		root.GenFishCompletionFile(filepath.Join(dir, root.Name()+".fish"), true),
	)
}

// page is a command with its subcommands.
func page(c *cobra.Command) string {
	var b strings.Builder
	describe(&b, c)
	if c.HasParent() {
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "## %s\n\n", sub.CommandPath())
				describe(&b, sub)
			}
		}
	}
	return b.String()
}

func describe(b *strings.Builder, c *cobra.Command) {
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	prose(b, long)
	if c.Runnable() && !c.HasAvailableSubCommands() {
		fmt.Fprintf(b, "```text\n%s\n```\n\n", c.UseLine())
	}
	if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(b, "```text\n%s```\n\n", flags.FlagUsages())
	}
}

// prose writes a help text: paragraphs as they are, and what is set in columns as such.
func prose(b *strings.Builder, text string) {
	escape := strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "`", "\\`", "|", `\|`, "[", `\[`)
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if strings.Contains("\n"+paragraph, "\n  ") || strings.Contains(paragraph, ":   ") {
			fmt.Fprintf(b, "```text\n%s\n```\n\n", strings.Trim(paragraph, "\n"))
		} else {
			fmt.Fprintf(b, "%s\n\n", escape.Replace(paragraph))
		}
	}
}

func index(pages []*cobra.Command) string {
	var b strings.Builder
	b.WriteString("## Commands\n\n")
	for _, c := range pages {
		fmt.Fprintf(&b, "- [%s](%s.md): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	return b.String()
}

// man is the page of a command for man.
func man(c *cobra.Command, name string) []byte {
	text := fmt.Sprintf("%% %s 1 \"\" Trunkline \"Trunkline's commands\"\n\n# NAME\n\n%s - %s\n\n# DESCRIPTION\n\n%s", strings.ToUpper(name), name, c.Short, page(c))
	if c.HasParent() {
		text += "# SEE ALSO\n\n**trunklinectl(1)**: the flags that every command has, and the exit codes\n"
	} else {
		text += "# SEE ALSO\n\n"
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" {
				text += fmt.Sprintf("**trunklinectl-%s(1)**\n", sub.Name())
			}
		}
	}
	return md2man.Render([]byte(text))
}
