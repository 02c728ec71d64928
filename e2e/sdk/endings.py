"""How streams end, with the official SDKs for Python: of those that fail behind their first token
the client learns the provider's reason, and no connection breaks; those that are made of a plain
answer are streams as any other. TRUNKLINE_URL and TRUNKLINE_KEY."""

import os

import anthropic
import openai

URL, KEY = os.environ["TRUNKLINE_URL"], os.environ["TRUNKLINE_KEY"]
client = openai.OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)
claude = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)
MESSAGES = [{"role": "user", "content": "Say hello."}]

# Group by what its provider does, and what every client must be told then.
ENDINGS = {
    "fails-late": "The server had an error while processing your request",
    "cut": "The provider's answer ended early: stream_cut",
}


def helper(manager):
    with manager as stream:
        yield from stream


def opened(model):
    """Every way to open a stream, with the error that is to end it."""
    yield "chat", openai.APIError, lambda: client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
    yield "completions", openai.APIError, lambda: client.completions.create(model=model, prompt="hi", stream=True)
    yield "responses", openai.APIError, lambda: client.responses.create(model=model, input="hi", stream=True)
    yield "responses helper", openai.APIError, lambda: helper(client.responses.stream(model=model, input="hi"))
    yield "messages", anthropic.APIError, lambda: claude.messages.create(model=model, messages=MESSAGES, max_tokens=9, stream=True)
    yield "messages helper", anthropic.APIError, lambda: helper(claude.messages.stream(model=model, messages=MESSAGES, max_tokens=9))


def reason(open_stream, kind):
    """What a client is told, and how many events it had before."""
    events, last = 0, None
    try:
        for last in open_stream():
            events += 1
    except kind as err:
        return str(err), events
    # This SDK gives a provider's own error event of the Responses API to its user as it is.
    if getattr(last, "type", "") == "response.failed":
        return last.response.error.message, events
    return "ended as if it were whole", events


wrong = []
for model, why in ENDINGS.items():
    for name, kind, open_stream in opened(model):
        told, events = reason(open_stream, kind)
        if why not in told or events == 0:
            wrong.append(f"{name}: {model}: after {events} events: {told}")

with client.responses.stream(model="whole", input="hi") as stream:
    pieces = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
    if not pieces.startswith("Hello!") or stream.get_final_response().output_text != pieces:
        wrong.append(f"a plain response as a stream: {pieces}")
with claude.messages.stream(model="whole", messages=MESSAGES, max_tokens=9) as stream:
    pieces = "".join(stream.text_stream)
    if not pieces.startswith("Hello!") or stream.get_final_message().content[0].text != pieces:
        wrong.append(f"a plain message as a stream: {pieces}")
if wrong:
    raise SystemExit("\n".join(wrong))
