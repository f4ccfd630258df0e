#!/usr/bin/env bash
# Test with several processes on one machine or more.
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
# PROCESSES counts this machine only. Over several machines, run it on each
# with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]" \
        >&2
    exit 2
fi
config=$1
checkpoint=$2
processes=$3
shift 3

exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "${BASH_SOURCE[0]}")/test.py" \
    "$config" "$checkpoint" --launcher pytorch "$@"
