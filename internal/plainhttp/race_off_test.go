//go:build !race

package plainhttp

const raceEnabled = false
