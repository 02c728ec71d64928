package cloudauth

// The setting that lets credentials be the identity of the machine; nodes, control planes and the
// all-in-one have it each for itself.
const (
	Flag     = "allow-instance-identity"
	Variable = "TRUNKLINE_ALLOW_INSTANCE_IDENTITY"
	FlagHelp = "allow provider credentials that use the cloud identity of this machine (from metadata services, the environment and files); whoever may change providers can then send that identity's tokens to hosts of their choice"
)
