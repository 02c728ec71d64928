package dataplane

import "cmp"

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

// Add counts another attempt's usage in. What is estimated in part is estimated; the service
// tier is that of the last attempt that told one.
func (u *Usage) Add(v Usage) {
	u.Input, u.CachedInput, u.CacheWrite, u.CacheWrite1hr = u.Input+v.Input, u.CachedInput+v.CachedInput, u.CacheWrite+v.CacheWrite, u.CacheWrite1hr+v.CacheWrite1hr
	u.Output, u.Reasoning = u.Output+v.Output, u.Reasoning+v.Reasoning
	u.AudioInput, u.CachedAudio, u.AudioOutput = u.AudioInput+v.AudioInput, u.CachedAudio+v.CachedAudio, u.AudioOutput+v.AudioOutput
	u.ImageInput, u.CachedImage, u.ImageOutput = u.ImageInput+v.ImageInput, u.CachedImage+v.CachedImage, u.ImageOutput+v.ImageOutput
	u.Images, u.Characters = u.Images+v.Images, u.Characters+v.Characters
	u.AudioMS, u.BilledUnits = u.AudioMS+v.AudioMS, u.BilledUnits+v.BilledUnits
	u.ServiceTier = cmp.Or(v.ServiceTier, u.ServiceTier)
	u.Source = max(u.Source, v.Source)
}
