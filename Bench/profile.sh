#!/usr/bin/env bash
# profile.sh: where a training step goes: each layer and pass at each precision, and the passes of all precisions side by side.
#   --device D     device [cuda-c]
#   --precision P  fp32, tf32 and bf16, separated by commas [fp32,tf32,bf16]
#   --batch N      images of a batch [64]
#   --app DIR      published projects, each in a folder of its name [the builds in artifacts/bin]
#   --out DIR      folder of the reports and traces [profile-results]
# The network's name goes first [resnet50]; arguments after -- go to gpucnn profile.
set -uo pipefail
model=resnet50 device=cuda-c precisions=fp32,tf32,bf16 batch=64 app= out=profile-results
[[ ${1:---} == --* ]] || { model=$1; shift; }
while (($#)); do
  case "$1" in
    --device | --batch | --app | --out) [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }; declare "${1#--}=$2"; shift 2 ;;
    --precision) [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }; precisions=$2; shift 2 ;;
    --) shift; break ;;
    *) sed -n '2,/^# The network/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
root=$(cd "$(dirname "$0")/.." && pwd)
cli=$(ls "${app:-$root/artifacts/bin}/Cli"/{,release/}gpucnn.dll 2>/dev/null | head -1)
[ -n "$cli" ] || { echo "There is no gpucnn.dll in ${app:-artifacts/bin}/Cli: build it with dotnet build -c Release Cli." >&2; exit 1; }
mkdir -p "$out" || exit 1
status=0
reports=()
IFS=, read -ra levels <<< "$precisions"
for precision in "${levels[@]}"; do
  report="$out/$model-$precision.txt"
  if dotnet "$cli" profile "$model" --device "$device" --precision "$precision" --batch "$batch" --json "$out/$model-$precision.json" \
    --trace "$out/$model-$precision.trace.json" "$@" > "$report"; then
    cat "$report"
    reports+=("$report")
  else
    status=1
  fi
  echo
done
# The sums of the passes, a column for each precision.
if ((${#reports[@]})); then
  awk -v models="$model" '
    FNR == 1 { name = FILENAME; sub(/.*-/, "", name); sub(/\.txt$/, "", name); names[++count] = name }
    match($0, / +[0-9.]+ ms  /) && !/^Peaks|^Times/ {
      row = substr($0, 1, RSTART - 1); value = substr($0, RSTART, RLENGTH); gsub(/[^0-9.]/, "", value)
      if (!(row in known)) { known[row] = 1; rows[++lines] = row }
      time[row, count] = value
    }
    END {
      printf "%-18s", "ms"; for (i = 1; i <= count; i++) printf "%10s", names[i]; print ""
      for (r = 1; r <= lines; r++) { printf "%-18s", rows[r]; for (i = 1; i <= count; i++) printf "%10s", time[rows[r], i]; print "" }
    }' "${reports[@]}"
fi
exit "$status"
