// Package clientsetup has the command that prints how a client is set up to call a group.
package clientsetup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/trunkline-ai/trunkline/cli"
	"github.com/trunkline-ai/trunkline/cli/exit"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// command is one run of it.
type command struct {
	r          *cli.Runtime
	group      string
	gateway    string
	apiKey     string
	secretEnv  string
	secretFile string
	offline    bool
}

// Command makes the client-setup command.
func Command(r *cli.Runtime) *cobra.Command {
	c := &command{r: r}
	cmd := &cobra.Command{
		Use:   "client-setup CLIENT --group GROUP",
		Short: "Print how to set up a client to call a group",
		Long: `Print the settings with which a client calls a group through the gateway:
environment, files and options. Clients: ` + strings.Join(clientsetup.Clients(), ", ") + `.

  trunklinectl client-setup codex --group gpt-5.5 --api-key my-app

The secret of the API key is shown as ` + clientsetup.KeyPlaceholder + ` unless it is given, since the server does
not know it. Problems are reported on stderr: a group or an API key that does not
exist or is disabled, an API key that may not use the group, a client whose API
no member of the group can serve.

The address is --gateway-url, else the server's TRUNKLINE_GATEWAY_URL, else the
server's own.`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return clientsetup.Clients(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.group, "group", "", "model that the client will request: name or alias of a group; required")
	f.StringVar(&c.apiKey, "api-key", "", "name of the API key that the client will send, to warn if it may not use the group")
	f.StringVar(&c.secretEnv, "secret-env", "", "name of the environment variable with the API key itself")
	f.StringVar(&c.secretFile, "secret-file", "", "file with the API key itself; - reads stdin, or prompts on a terminal")
	f.StringVar(&c.gateway, "gateway-url", "", "where clients send their calls, with or without /v1")
	f.BoolVar(&c.offline, "offline", false, "contact no server: requires --gateway-url, and gives no warnings")
	for _, flag := range []string{"group", "api-key", "secret-env", "gateway-url"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return cmd
}

func (c *command) run(ctx context.Context, args []string) error {
	known := strings.Join(clientsetup.Clients(), ", ")
	switch {
	case len(args) != 1:
		return exit.Usagef("name one client of: %s", known)
	case !slices.Contains(clientsetup.Clients(), args[0]):
		return exit.Usagef("there is no client %q; known: %s", args[0], known)
	case c.group == "":
		return exit.Usagef("--group is required")
	case len(c.group) > 128 || !utf8.ValidString(c.group) || !plaintext.IsPlain(c.group):
		return exit.Usagef("--group must be 1 to 128 bytes of UTF-8, and %s", plaintext.Rule)
	case c.secretEnv != "" && c.secretFile != "":
		return exit.Usagef("give either --secret-env or --secret-file")
	case c.offline && c.gateway == "":
		return exit.Usagef("--offline needs --gateway-url")
	case c.offline && c.apiKey != "":
		return exit.Usagef("--offline cannot look at --api-key")
	}
	if _, ok := clientsetup.Gateway(c.gateway); !ok && c.gateway != "" {
		return exit.Usagef("--gateway-url %s", clientsetup.GatewayRule)
	}
	secret, err := c.secret()
	if err != nil {
		return err
	}
	setups, err := c.setups(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(setups, func(s *adminv1.ClientSetup) bool { return s.GetClient() == args[0] })
	if i < 0 {
		return exit.Invalidf("the server is of another version and does not know %s; --offline does without it", args[0])
	}
	for _, w := range setups[i].GetWarnings() {
		fmt.Fprintln(c.r.Printer().Notes, "warning: "+c.warning(w, setups[i]))
	}
	return c.print(setups[i], secret)
}

// secret is the API key itself; empty when none is given.
func (c *command) secret() (secret string, err error) {
	env := c.r.Env()
	switch {
	case c.secretEnv != "":
		secret, err = env.SecretFromEnv(c.secretEnv)
	case c.secretFile == "-":
		secret, err = env.SecretFromStdin("API key")
	case c.secretFile != "":
		secret, err = env.SecretFromFile("--secret-file", c.secretFile)
	default:
		return "", nil
	}
	if err != nil {
		return "", exit.AsUsage(err)
	}
	if !apikey.Valid(secret) {
		return "", exit.Invalidf("this is no API key: one has %d to %d visible ASCII characters, and one made here the right check characters", apikey.MinLength, apikey.MaxLength)
	}
	return secret, nil
}

// setups are those of all clients, from the server if one is to be asked.
func (c *command) setups(ctx context.Context) (setups []*adminv1.ClientSetup, err error) {
	if c.offline {
		gateway, _ := clientsetup.Gateway(c.gateway)
		return clientsetup.Setups(gateway, c.group)
	}
	err = c.r.Call(ctx, func(ctx context.Context, conn *connect.Client) error {
		gateway := c.gateway
		if gateway == "" {
			who, err := adminv1connect.NewSessionServiceClient(conn).WhoAmI(ctx, &adminv1.WhoAmIRequest{})
			if err != nil {
				return err
			}
			own, err := c.r.Connection().Address(c.r.Env())
			if err != nil {
				return err
			}
			gateway = cmp.Or(who.GetGatewayUrl(), own)
		}
		res, err := adminv1connect.NewClientSetupServiceClient(conn).ListClientSetups(ctx, &adminv1.ListClientSetupsRequest{Group: c.group, GatewayUrl: gateway, ApiKey: c.apiKey})
		setups = res.GetClientSetups()
		return err
	})
	return setups, err
}
