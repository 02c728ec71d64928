package send

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// slack sends to an incoming webhook of Slack, or of what takes the same.
type slack struct{ url string }

func slackOf(t Target) way {
	if t.Channel.GetSlack() == nil {
		return nil
	}
	return slack{t.Secret}
}

// escape is what Slack asks for: a name must not become a link or a mention.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackText is about what Slack shows of one message.
const slackText = 30_000

func (s slack) send(ctx context.Context, v via, m Message) error {
	text := "*" + escape.Replace(title(m)) + "*"
	if len(m.Alerts) != 1 || m.Test {
		for _, l := range lines(m) {
			text += "\n• " + escape.Replace(l)
		}
	} else {
		text += "\n" + escape.Replace(lines(m)[0])
	}
	if len(text) > slackText {
		text = strings.ToValidUTF8(text[:slackText], "") + "…"
	}
	body, err := json.Marshal(map[string]any{"text": text, "mrkdwn": true, "unfurl_links": false, "unfurl_media": false})
	if err != nil {
		return err
	}
	return post(ctx, v, s.url, http.Header{}, body)
}
