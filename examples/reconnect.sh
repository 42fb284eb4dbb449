#!/bin/sh
# Cuts a stream in the middle, reads on where it broke, and compares both halves with the whole.
#
#   examples/reconnect.sh "Tell me a long story." [SECONDS UNTIL THE CUT]
set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

run=run-$(date +%s)-$$
text=$(printf '%s' "$1" | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))')
body=$(printf '{"threadId": "thread-%s", "runId": "%s", "state": {}, "tools": [], "context": [],
  "messages": [{"id": "m", "role": "user", "content": %s}]}' "$run" "$run" "$text")

curl_() { curl --no-buffer --silent --show-error -H "X-API-Key: $FOLKMOOT_API_KEY" "$@"; }

# Curl hangs up after a while. The run does not care: it goes on, whoever listens.
curl_ "$FOLKMOOT_URL/api/chat/chat" -H 'Content-Type: application/json' -d "$body" \
  --max-time "${2:-2}" >"$folder/cut" || echo "The connection was cut." >&2

# What came last may be half an event: only what an empty line ends is whole.
awk '{ event = event $0 "\n" } /^$/ { printf "%s", event; event = "" }' "$folder/cut" >"$folder/first"
last=$(awk '/^id: / { last = $2 } END { print last + 0 }' "$folder/first")
echo "Reading on after event $last." >&2

events=$FOLKMOOT_URL/api/v1/runs/$run/events
curl_ "$events" -H "Last-Event-ID: $last" >"$folder/rest"
cat "$folder/first" "$folder/rest" >"$folder/both"

curl_ "$events" >"$folder/whole"
cmp "$folder/both" "$folder/whole"
echo "Both halves together are the whole: $(grep -c '^id: ' "$folder/whole") events." >&2
cat "$folder/whole"
