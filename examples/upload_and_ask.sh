#!/bin/sh
# Puts a file into a new collection, waits until it can be searched, and asks about it.
#
#   examples/upload_and_ask.sh report.pdf "What was the result?"
set -eu

api() {
  path=$1
  shift
  curl --silent --show-error --fail-with-body "$FOLKMOOT_URL$path" \
    -H "X-API-Key: $FOLKMOOT_API_KEY" "$@"
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
text() { printf '%s' "$1" | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))'; }

name=$(text "$(basename "$1")")
collection=$(api /api/v1/collections -H 'Content-Type: application/json' -d "{\"name\": $name}" | field id)

# 202: the file has arrived; it is read in a run of its own.
api "/api/v1/collections/$collection/documents" -F "file=@$1" >/dev/null
until [ "$(api "/api/v1/collections/$collection" | field pending_documents)" -eq 0 ]; do
  sleep 1
done

# The mark [1] in the answer is explained by the event CUSTOM named "citations".
run=run-$(date +%s)-$$
api /api/chat/chat --no-buffer -H 'Content-Type: application/json' --data-binary @- <<EOF
{
  "threadId": "thread-$run",
  "runId": "$run",
  "messages": [{"id": "message-$run", "role": "user", "content": $(text "$2")}],
  "state": {},
  "tools": [],
  "context": [],
  "forwardedProps": {"collection_ids": ["$collection"]}
}
EOF
