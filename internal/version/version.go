// Package version tells which version of Trunkline is running.
package version

import "runtime/debug"

// number is set at build time: -ldflags "-X .../internal/version.number=v1.2.3".
var number string

// String gives the version of the build: the number it was built with, else the module's
// version or commit, else "dev".
func String() string {
	if number != "" {
		return number
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "dev"
}
