#!/bin/sh
# Asks an agent; the answer comes as a stream of AG-UI events.
#
#   examples/ask.sh "What can you do?"
set -eu

# A client chooses the ids. The same run id again would show the same run again.
run=run-$(date +%s)-$$
text=$(printf '%s' "$1" | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))')

curl --no-buffer --silent --show-error --fail-with-body "$FOLKMOOT_URL/api/chat/chat" \
  -H "X-API-Key: $FOLKMOOT_API_KEY" -H 'Content-Type: application/json' --data-binary @- <<EOF
{
  "threadId": "thread-$run",
  "runId": "$run",
  "messages": [{"id": "message-$run", "role": "user", "content": $text}],
  "state": {},
  "tools": [],
  "context": [],
  "forwardedProps": {}
}
EOF
