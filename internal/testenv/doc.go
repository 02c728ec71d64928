// Package testenv starts real PostgreSQL and Redis servers as child processes of a
// test: on loopback, on free ports, in a temporary folder, as root (they then run as
// the user postgres or nobody) or as an ordinary user. Nothing outlives the test
// process, however it ends. Only tests import it; it works on Unix.
//
// Where a server's binaries are missing the test is skipped, but with CI=true in the
// environment it fails: a build server must not skip silently.
package testenv
