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
	if revision := Revision(); len(revision) >= 12 {
		return "dev-" + revision[:12]
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Revision is the commit that the build was made of; empty when that is not known.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
