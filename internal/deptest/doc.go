// Package deptest holds the import rules of the repository as a test: which package may
// know which, and why. The table is in rules_test.go.
package deptest
