package clientsetup

import (
	"fmt"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// printed is a setup as programs read it.
type printed struct {
	Client  string  `json:"client"`
	Title   string  `json:"title"`
	API     string  `json:"api"`
	Blocks  []block `json:"blocks"`
	DocsURL string  `json:"docs_url"`
}

type block struct {
	Place string `json:"place"` // shell, file or settings
	Path  string `json:"path,omitempty"`
	Text  string `json:"text"`
}

// print writes a setup with the API key in it, or its placeholder.
func (c *command) print(s *adminv1.ClientSetup, secret string) error {
	out := printed{Client: s.GetClient(), Title: s.GetTitle(), API: s.GetApi(), DocsURL: s.GetDocsUrl()}
	for _, b := range s.GetBlocks() {
		place := strings.ToLower(strings.TrimPrefix(b.GetPlace().String(), "CLIENT_SETUP_PLACE_"))
		out.Blocks = append(out.Blocks, block{Place: place, Path: b.GetPath(), Text: clientsetup.Text(b, secret)})
	}
	p := c.r.Printer()
	if p.Format != output.Table {
		return p.Value(out)
	}
	var text strings.Builder
	for i, b := range out.Blocks {
		if i > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "# %s\n%s", heading(b), b.Text)
	}
	_, err := fmt.Fprint(p.Out, text.String())
	return err
}

func heading(b block) string {
	switch b.Place {
	case "file":
		return b.Path
	case "shell":
		return "in a shell"
	}
	return "in its settings"
}

// warning says why a client would get no answers.
func (c *command) warning(w adminv1.ClientSetupWarning, s *adminv1.ClientSetup) string {
	switch w {
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_UNKNOWN:
		return fmt.Sprintf("no group has the name or alias %q", c.group)
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_DISABLED:
		return fmt.Sprintf("group %q is disabled", c.group)
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_NOT_SERVED:
		return fmt.Sprintf("%s uses the %s API, which no member of group %q can serve", s.GetTitle(), s.GetApi(), c.group)
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_UNKNOWN:
		return fmt.Sprintf("there is no API key %q", c.apiKey)
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_INACTIVE:
		return fmt.Sprintf("API key %q is disabled, expired or revoked", c.apiKey)
	case adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_NOT_ALLOWED:
		return fmt.Sprintf("API key %q may not use group %q", c.apiKey, c.group)
	}
	return w.String()
}
