"""Sends bodies of 26 MiB with urllib, which writes all of one before it reads, and prints what it is refused with."""

import json
import os
import urllib.error
import urllib.request

BODY = b"a" * (26 << 20)
GOOD = {"Authorization": "Bearer " + os.environ["TRUNKLINE_KEY"]}
WRONG = {"Authorization": "Bearer sk-nobody-0123456789"}


def chunks():
    for at in range(0, len(BODY), 1 << 20):
        yield BODY[at : at + (1 << 20)]


for path, headers, data in [
    ("/v1/chat/completions", GOOD, BODY),
    ("/v1/chat/completions", GOOD, chunks()),
    ("/v1/chat/completions", WRONG, BODY),
    ("/v1/chat/completions", WRONG, chunks()),
    ("/v1/chat/completions", {**GOOD, "A": "a" * (40 << 10)}, BODY),
    ("/v1/nothing", GOOD, BODY),
]:
    request = urllib.request.Request(os.environ["TRUNKLINE_URL"] + path, data, headers, method="POST")
    try:
        print(urllib.request.urlopen(request, timeout=60).status)
    except urllib.error.HTTPError as refusal:
        print(refusal.code, json.load(refusal)["error"]["code"])
