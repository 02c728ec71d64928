package cli_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/proc"
	"github.com/trunkline-ai/trunkline/cli/view"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1cli"
)

// tree builds every generated command below one root.
func tree() *cobra.Command {
	runtime := cli.New(cli.Config{
		Env: &proc.Env{
			Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Now: time.Now,
			LookupEnv: func(string) (string, bool) { return "", false },
		},
		Views: view.All(),
	})
	root := &cobra.Command{Use: "root"}
	runtime.BindGlobal(root)
	for _, s := range adminv1cli.Services() {
		root.AddCommand(runtime.Command(s))
	}
	return root
}

// TestCommands lists what the protos give, so that a change of them is seen.
func TestCommands(t *testing.T) {
	t.Parallel()
	var got []string
	for _, parent := range tree().Commands() {
		for _, c := range parent.Commands() {
			got = append(got, parent.Name()+" "+strings.TrimSuffix(c.Use, " [flags]"))
		}
	}
	want := []string{
		"alert-channels create [NAME]", "alert-channels delete NAME", "alert-channels deliveries", "alert-channels edit NAME", "alert-channels get NAME", "alert-channels list", "alert-channels test NAME",
		"alert-channels update NAME", "alerts list",
		"audit export", "audit list", "audit verify",
		"authority-keys advance", "authority-keys cancel", "authority-keys list", "authority-keys rotate",
		"calls delete-call-bodies", "calls export", "calls get ID", "calls get-call-body ID", "calls list", "calls list-gaps", "calls list-refused", "calls tail",
		"configs adopt-database", "configs diff-revisions", "configs get-revision REVISION", "configs get-startup-apply", "configs list-revisions",
		"groups create [NAME]", "groups delete NAME", "groups edit NAME", "groups explain [NAME...]", "groups get NAME", "groups list", "groups preview-translation NAME", "groups update NAME",
		"keys create [NAME]", "keys delete NAME", "keys edit NAME", "keys get NAME", "keys list", "keys revoke NAME", "keys rotate NAME", "keys update NAME",
		"keywords create [NAME]", "keywords delete NAME", "keywords dry-run", "keywords edit NAME", "keywords get NAME", "keywords list", "keywords update NAME",
		"master-keys list", "master-keys list-unreadable-secrets", "master-keys rotate ID",
		"nodes create-join-token", "nodes delete-join-token ID", "nodes drain NAME", "nodes forget NAME", "nodes get NAME", "nodes list", "nodes list-join-tokens", "nodes revoke NAME",
		"providers create [NAME]", "providers delete NAME", "providers edit NAME", "providers follow-import-preview NAME", "providers get NAME", "providers health [NAME...]", "providers import-models NAME", "providers list",
		"providers list-imports", "providers preview-import NAME", "providers remove-imported-models NAME", "providers reset-cooldown", "providers test NAME", "providers update NAME",
		"rollouts abort REVISION", "rollouts get", "rollouts promote REVISION",
		"settings edit", "settings get", "settings update",
		"tokens create [NAME]", "tokens delete NAME", "tokens list",
		"usage attempt-series", "usage break-down", "usage break-down-attempts", "usage series", "usage summarize",
		"users create [NAME]", "users delete NAME", "users get NAME", "users list", "users list-sessions", "users reset-totp NAME", "users revoke-all-sessions", "users revoke-session ID", "users update NAME",
	}
	if diff := strings.Join(got, "\n"); diff != strings.Join(want, "\n") {
		t.Errorf("commands are\n%s\nwant\n%s", diff, strings.Join(want, "\n"))
	}
}

// TestFlags: a field must not hide a global flag, and every command explains itself.
func TestFlags(t *testing.T) {
	t.Parallel()
	root := tree()
	for _, parent := range root.Commands() {
		for _, c := range parent.Commands() {
			if c.Short == "" {
				t.Errorf("%s has no description", c.CommandPath())
			}
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if root.PersistentFlags().Lookup(f.Name) != nil {
					t.Errorf("%s: --%s hides the global flag", c.CommandPath(), f.Name)
				}
				if f.Usage == "" {
					t.Errorf("%s: --%s has no description", c.CommandPath(), f.Name)
				}
				for _, never := range []string{"uid", "create-time", "update-time", "secret-hash", "page-size", "page-token", "last-four", "prefix"} {
					if f.Name == never {
						t.Errorf("%s has the flag --%s", c.CommandPath(), f.Name)
					}
				}
			})
		}
	}
}
