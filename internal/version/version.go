// Package version tells which version of Trunkline is running.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// Set at build time: -ldflags "-X .../internal/version.number=v1.2.3". What is not set comes from
// what Go notes of the checkout that it builds.
var (
	number string
	commit string // the whole hash
	date   string // of the commit and not of the build, so that the same commit gives the same bytes
)

// shortCommit is how much of a commit's hash people read.
const shortCommit = 12

// String gives the version of the build: the number it was built with, else the module's
// version or commit, else "dev".
func String() string {
	if number != "" {
		return number
	}
	if hash := commitHash(); hash != "" {
		return "dev-" + hash
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Full is String and Build, as --version prints them.
func Full() string { return String() + " (" + Build() + ")" }

// Build is the commit, its date and the version of Go. What is not known is left out.
func Build() string {
	var of []string
	if hash := commitHash(); hash != "" {
		of = append(of, "commit "+hash)
	}
	if at := cmp.Or(date, noted("vcs.time")); at != "" {
		of = append(of, at)
	}
	return strings.Join(append(of, runtime.Version()), ", ")
}

// Revision is the commit that the build was made of; empty when that is not known.
func Revision() string { return cmp.Or(commit, noted("vcs.revision")) }

func commitHash() string {
	hash := Revision()
	return hash[:min(len(hash), shortCommit)]
}

// noted is what Go wrote into the program about the checkout it was built from.
func noted(key string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
