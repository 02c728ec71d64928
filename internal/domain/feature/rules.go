package feature

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// The features by name. A name is never given another meaning.
const (
	KeyAllowedIPs       = "key.allowed_ips"
	SelectionWeighted   = "selection.weighted"
	SelectionLeastBusy  = "selection.least_busy"
	SelectionSticky     = "selection.sticky"
	StreamCommitAll     = "policy.stream_commit.complete"
	BodyLogRedactEmails = "body_log.redact_emails"
	EmptyAnswerMovesOn  = "policy.empty_answer.move_on"
	TranslationStrict   = "policy.translation.strict"
	TranslationOff      = "policy.translation.off"
	FieldRules          = "field_rules"
	ProviderTLS         = "provider.tls"
	ProviderProxy       = "provider.proxy"
	ProviderEndpoints   = "provider.endpoints"
	EndpointCohere      = "endpoint.format.cohere_v2"

	CredentialAWS              = "credential.aws_sigv4"
	CredentialGoogle           = "credential.google"
	CredentialEntra            = "credential.entra"
	CredentialOAuth            = "credential.oauth"
	CredentialInstance         = "credential.source.instance"
	CredentialContainer        = "credential.source.container"
	CredentialWebIdentity      = "credential.source.web_identity"
	CredentialMetadata         = "credential.source.metadata"
	CredentialManagedIdentity  = "credential.source.managed_identity"
	CredentialWorkloadIdentity = "credential.source.workload_identity"
)

// known are the features of this build.
var known = []string{KeyAllowedIPs, SelectionWeighted, SelectionLeastBusy, SelectionSticky, StreamCommitAll, BodyLogRedactEmails, EmptyAnswerMovesOn, FieldRules, ProviderTLS, ProviderProxy, ProviderEndpoints, TranslationStrict, TranslationOff,
	CredentialAWS, CredentialGoogle, CredentialEntra, CredentialOAuth,
	CredentialInstance, CredentialContainer, CredentialWebIdentity, CredentialMetadata, CredentialManagedIdentity, CredentialWorkloadIdentity, EndpointCohere}

// rule says what a field requires where it is set: always the same feature, or one for each
// value but those that every node knows.
type rule struct {
	feature string
	prefix  string // of the value
	base    []string
}

// rules are the fields that require a feature. A value that no build knows yet requires one
// too, so that it is refused where it is unknown and not taken for another.
var rules = map[string]rule{
	"ApiKey.allowed_ips":          {feature: KeyAllowedIPs},
	"ApiKey.budget_period":        {prefix: "key.budget_period.", base: []string{"day", "week", "month"}},
	"Group.selection":             {prefix: "selection.", base: []string{"cheapest"}},
	"BodyLog.redact_emails":       {feature: BodyLogRedactEmails},
	"Policy.stream_commit":        {prefix: "policy.stream_commit.", base: []string{"first_token"}},
	"Policy.translation":          {prefix: "policy.translation.", base: []string{"allow"}},
	"Policy.empty_answer":         {prefix: "policy.empty_answer.", base: []string{"pass"}},
	"Provider.field_rules":        {feature: FieldRules},
	"Model.field_rules":           {feature: FieldRules},
	"Provider.ca_certificates":    {feature: ProviderTLS},
	"Provider.client_certificate": {feature: ProviderTLS},
	"Provider.proxy":              {feature: ProviderProxy},
	"Provider.endpoints":          {feature: ProviderEndpoints},
	"MintedCredential.kind":       {prefix: "credential."},
	"MintedCredential.source":     {prefix: "credential.source.", base: []string{"keys", "key", "secret"}},
	"Endpoint.format":             {prefix: "endpoint.format."},
	"Provider.dialect":            {prefix: "dialect.", base: []string{"openai"}},
	"FailureKeyword.scopes":       {prefix: "keyword.scope.", base: []string{"error", "answer", "stream"}},
}

// base are the fields that every node knows, or that it may do without: those of the first
// release, and later ones that neither restrict nor change who is called.
var base = map[string]string{
	"Snapshot":         "revision key_pepper providers groups api_keys failure_keywords cors_origins websocket required_features",
	"WebSocket":        "max_connections_per_key",
	"Provider":         "name base_url credentials headers secret_query client_key forward_headers allow_private_network max_in_flight models policy required_features",
	"Credential":       "name secret minted",
	"MintedCredential": "region service access_key_id role_arn external_id tenant_id authority token_url client_id scope audience client_auth service_account",
	"Endpoint":         "api base_url path query auth",
	"OutboundProxy":    "url username password allow_private_network",
	"Header":           "name value secret",
	"FieldRule":        "field action to value endpoints",
	"Model":            "id price context_window max_output_tokens",
	"Price": "input cached_input output per_call cache_write cache_write_1hr reasoning audio_input cached_audio_input audio_output " +
		"image_input cached_image_input image_output per_image per_character per_second tiers",
	"PriceTier":      "service_tier above_input_tokens price",
	"Group":          "name display_name aliases members create_time body_log required_features",
	"BodyLog":        "max_bytes sample redact",
	"Member":         "provider model priority weight policy",
	"ApiKey":         "name hash groups expire_time requests_per_minute tokens_per_minute concurrency budget request_options debug owner required_features",
	"FailureKeyword": "name keyword pattern count log_only providers groups required_features",
	"Policy": "failure_threshold failure_window min_ratio cooldown cooldown_max max_attempts connect_timeout first_token_timeout response_timeout " +
		"stream_idle_timeout total_timeout stream_total_timeout failover_on_content_policy stream_keep_alive probe_early retry_same_target retry_wait retry_wait_at_home keyword_hold first_token_timeout_max attempt_timeout hedge_after affinity_hold",
}

// field is a field that may require something: by its rule, or by what is inside of it.
type field struct {
	descriptor protoreflect.FieldDescriptor
	rule
}

// fields are those of each message that is a document, or a part of one.
var fields = indexFields(nodev1.File_trunkline_node_v1_snapshot_proto.Messages())

func indexFields(messages protoreflect.MessageDescriptors) map[protoreflect.FullName][]*field {
	out := map[protoreflect.FullName][]*field{}
	for i := range messages.Len() {
		m := messages.Get(i)
		for j := range m.Fields().Len() {
			f := &field{descriptor: m.Fields().Get(j)}
			f.rule = rules[name(f.descriptor)]
			if f.feature != "" || f.prefix != "" || isPart(f.descriptor) {
				out[m.FullName()] = append(out[m.FullName()], f)
			}
		}
	}
	return out
}

// isPart reports whether a field holds a message of ours.
func isPart(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && strings.HasPrefix(string(f.Message().FullName()), "trunkline.node.v1.")
}

// name is how the tables call a field.
func name(f protoreflect.FieldDescriptor) string {
	return string(f.ContainingMessage().Name()) + "." + string(f.Name())
}
