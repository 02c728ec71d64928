//go:build !unix

package atomicfile

// SyncDir does nothing: this system has no way to say it.
func SyncDir(string) error { return nil }
