package fakeprovider

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

// embeddings answers with a vector for each input.
func (a *author) embeddings() []frame {
	var list bytes.Buffer
	for i := range a.req.inputs {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"object":"embedding","index":%d,"embedding":%s}`, i, vectorJSON(a.req.base64))
	}
	return a.json(`{"object":"list","data":[%s],"model":%s,"usage":%s}`, list.Bytes(), marshal(a.req.model),
		a.usageOrNull(a.newUsage(`{"prompt_tokens":%[1]d,"total_tokens":%[1]d}`)))
}

func (a *author) moderation() []frame {
	return a.json(`{"id":"modr-%s","model":%s,"results":[{"flagged":false,"categories":{"violence":false},"category_scores":{"violence":0.0001},"category_applied_input_types":{"violence":["text"]}}]}`,
		a.id, marshal(a.req.model))
}

func (a *author) rerank() []frame {
	return a.json(`{"id":"rerank-%s","model":%s,"results":[{"index":0,"relevance_score":0.98},{"index":1,"relevance_score":0.02}]}`, a.id, marshal(a.req.model))
}

// picture is the smallest PNG there is, or as large as the filler says.
func (a *author) picture() string {
	png := []byte("\x89PNG\r\n\x1a\n")
	return base64.StdEncoding.EncodeToString(append(png, filler(a.script.filler)...))
}

const imageUsage = `{"input_tokens":%d,"input_tokens_details":{"text_tokens":16,"image_tokens":0,"cached_tokens":%d},"output_tokens":%d,"total_tokens":%d}`

func (a *author) image() []frame {
	return a.json(`{"created":%d,"data":[{"b64_json":%q}],"usage":%s}`, a.base.Created, a.picture(), a.usageOrNull(a.newUsage(imageUsage)))
}

func (a *author) imageStream() []frame {
	frames := a.opening(nil)
	if a.script.errorAt != 0 {
		frames = append(frames, a.content(func(int, []byte) frame {
			return a.named("image_generation.partial_image", `"partial_image_index":0,"b64_json":%q`, a.picture())
		})...)
	}
	if a.script.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !a.script.noFinish {
		frames = append(frames, a.named("image_generation.completed", `"b64_json":%q,"usage":%s`, a.picture(), a.usageOrNull(a.newUsage(imageUsage))))
	}
	return a.closing(frames)
}

// sound is 1 KiB of audio for each piece of text.
func (a *author) sound(i int) []byte {
	return bytes.Repeat([]byte{0xff, 0xfb, byte(i), 0x90}, 256)
}

// speech is audio, one frame for each piece of text.
func (a *author) speech() []frame {
	i := -1
	return a.content(func(int, []byte) frame {
		i++
		return frame{data: a.sound(i), event: true}
	})
}

func (a *author) speechStream() []frame {
	frames := a.opening(nil)
	i := -1
	if a.script.errorAt != 0 {
		frames = append(frames, a.content(func(int, []byte) frame {
			i++
			return a.named("speech.audio.delta", `"audio":%q`, base64.StdEncoding.EncodeToString(a.sound(i)))
		})...)
	}
	if a.script.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !a.script.noFinish {
		frames = append(frames, a.named("speech.audio.done", `"usage":%s`, a.usageOrNull(a.newUsage(transcriptUsage))))
	}
	return a.closing(frames)
}

const transcriptUsage = `{"type":"tokens","input_tokens":%[1]d,"input_token_details":{"text_tokens":0,"audio_tokens":%[1]d},"output_tokens":%[3]d,"total_tokens":%[4]d}`

// transcript is what was heard, in the format that was asked for.
func (a *author) transcript() []frame {
	switch a.req.format {
	case "text", "srt", "vtt":
		a.mime = mimeText
		return []frame{{data: []byte(a.plainText() + "\n")}}
	}
	return a.json(`{"text":%s,"usage":%s}`, a.quote(a.plainText()), a.usageOrNull(a.newUsage(transcriptUsage)))
}

func (a *author) transcriptStream() []frame {
	frames := a.opening(nil)
	if a.script.errorAt != 0 {
		frames = append(frames, a.content(func(_ int, text []byte) frame {
			return a.named("transcript.text.delta", `"delta":%s`, text)
		})...)
	}
	if a.script.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !a.script.noFinish {
		frames = append(frames, a.named("transcript.text.done", `"text":%s,"usage":%s`, a.quote(a.plainText()), a.usageOrNull(a.newUsage(transcriptUsage))))
	}
	return a.closing(frames)
}
