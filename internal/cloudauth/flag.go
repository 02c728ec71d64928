package cloudauth

// The setting that lets credentials be the identity of the machine; nodes, control planes and the
// all-in-one have it each for itself.
const (
	Flag     = "allow-instance-identity"
	Variable = "TRUNKLINE_ALLOW_INSTANCE_IDENTITY"
	FlagHelp = "let credentials of providers be the cloud identity of this machine (metadata services, and what they put into the environment and files); whoever may change providers can then send tokens of that identity to hosts of their choice"
)
