"""What every answer must be, whatever the request: no panic, and a Status where something fails.

kube-apiserver answers some bad requests with 500 (a create with a resourceVersion is one); such Statuses are printed, to be
compared with it, and are no failures.
"""

import sys

import schemathesis

PANIC = "This request caused apiserver to panic"
seen = set()


@schemathesis.check
def a_status_and_no_panic(ctx, response, case):
    if response.status_code < 500:
        return
    text = response.content.decode("utf-8", "replace")
    assert PANIC not in text, text
    # Protobuf and YAML Statuses have the same words in them.
    assert "Failure" in text, f"{response.status_code} without a Status: {text[:500]}"
    if text not in seen:
        seen.add(text)
        print(f"{response.status_code} for {case.method} {case.path}: {text[:300]!r}", file=sys.stderr)
