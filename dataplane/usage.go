package dataplane

// Usage is what an answer used. Input includes what came from a cache and what was written
// to one, output includes reasoning. Of each kind of tokens there are no more than of the kind
// that includes it, and the parts of one do not overlap but where it is said.
type Usage struct {
	Input         int64
	CachedInput   int64 // of Input
	CacheWrite    int64 // of Input
	CacheWrite1hr int64 // of CacheWrite
	Output        int64
	Reasoning     int64 // of Output

	AudioInput  int64 // of Input
	CachedAudio int64 // of AudioInput, and of CachedInput
	AudioOutput int64 // of Output
	ImageInput  int64 // of Input
	CachedImage int64 // of ImageInput, and of CachedInput
	ImageOutput int64 // of Output

	Images      int64 // that were made
	Characters  int64 // of text that was to be spoken
	AudioMS     int64 // of audio that was heard, in milliseconds
	BilledUnits int64 // that the upstream bills a call as; 0: it tells none, and it is one

	ServiceTier string // as prices name it; empty: the usual one
	Source      UsageSource
}
