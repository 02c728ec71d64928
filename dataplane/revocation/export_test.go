package revocation

// Encode writes a revocation as it is kept in Redis.
func Encode(r Revocation) string { return encode(&r) }
