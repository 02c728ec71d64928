package settings

import (
	"fmt"
	"strings"
)

// help prints every setting with its flag, variable and default. That the output cannot
// be written is ignored: there is nobody left to tell.
func (s *Set) help() {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", s.cfg.Program, s.cfg.About)
	s.usage(&b)
	fmt.Fprintf(&b, "Settings come from flags, then the environment, then the file %s; the first one wins.\n\nFlags:\n", s.cfg.DotEnv)
	for _, st := range s.all {
		st.describe(&b)
	}
	b.WriteString("  --help\n        print this text\n  --version\n        print version, commit and date\n")
	_, _ = s.cfg.Output.Write([]byte(b.String()))
}

// usage says how the program is called, with its commands if it has any.
func (s *Set) usage(b *strings.Builder) {
	if len(s.cfg.Commands) == 0 {
		fmt.Fprintf(b, "Usage: %s [flags]\n\n", s.cfg.Program)
		return
	}
	fmt.Fprintf(b, "Usage: %s [command] [flags]\n\nCommands, in place of serving:\n", s.cfg.Program)
	for _, c := range s.cfg.Commands {
		fmt.Fprintf(b, "  %s\n        %s\n", c.Name, c.About)
	}
	b.WriteString("\n")
}

func (st *setting) describe(b *strings.Builder) {
	fmt.Fprintf(b, "  --%s", st.flag)
	if st.kind != "" {
		fmt.Fprintf(b, " %s", st.kind)
	}
	if st.env != "" {
		fmt.Fprintf(b, ", %s", st.env)
	}
	if st.secret {
		fmt.Fprintf(b, " or %s", st.env+fileSuffix)
	}
	fmt.Fprintf(b, "\n        %s", strings.ReplaceAll(st.help, "\n", "\n        "))
	switch {
	case st.fallback == "" || st.secret:
	case st.kind == "text":
		fmt.Fprintf(b, " (default %q)", st.fallback)
	default:
		fmt.Fprintf(b, " (default %s)", st.fallback)
	}
	b.WriteString("\n")
}
