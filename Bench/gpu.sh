#!/usr/bin/env bash
# gpu.sh: measures a GPU in one call, side by side with PyTorch on it, and always leaves a table. Bench/README.md says what is counted.
#   --device D     devices to measure, in turn: cuda, opencl and their twins, separated by commas [cuda-c,cuda]
#   --precision P  fp32, tf32 and bf16, separated by commas [fp32,tf32,bf16]
#   --only PARTS   parts to do, separated by commas, in the order below [all of them]
#   --app DIR      published projects, each in a folder of its name, for a machine without the SDK [the builds in artifacts/bin]
#   --out DIR      folder of tables and logs [gpu-results]
#   --minutes N    end within N minutes [8]
#   --tune         let gpucnn tune choose the algorithms of the measured networks first
# Arguments after -- go to the bench: -- --quick.
# Parts:
#   ceilings   copy, and products of 8192 x 8192 x 8192, ours and cuBLAS's
#   matrix     smaller products
#   tiles      products and convolutions in each of float32's tiles
#   block      one bottleneck block
#   networks   five networks, training and inference
#   conv       convolutions of ResNet-50 and VGG-16
#   memory     pooling, batch norm, SGD
#   profile    where a training step of ResNet-50 goes
#   resources  registers, local bytes and occupancy of the networks' kernels
#   accuracy   LeNet-5 and ResNet-20 from the first step to an accuracy
#   checks     tests that need the device
# A row whose result is wrong is not timed. A part that fails or is cut leaves what it has, and the next one begins.
set -uo pipefail
parts=(ceilings matrix tiles block networks conv memory profile resources accuracy checks)
# Parts of the time that each of them may take.
weights=(2 1 2 1 8 3 1 2 2 2 6)
devices=cuda-c,cuda precisions=fp32,tf32,bf16 only= app= out=gpu-results minutes=8 tune=
usage() { sed -n '2,/^# A row/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while (($#)); do
  case "$1" in
    --device | --precision | --only | --app | --out | --minutes)
      [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }
      name=${1#--} value=$2
      case "$name" in
        device) devices=$value ;;
        precision) precisions=$value ;;
        *) declare "$name=$value" ;;
      esac
      shift 2 ;;
    --tune) tune=1; shift ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "--minutes expects a number, but got '$minutes'." >&2; exit 2; }
IFS=, read -ra names <<< "$devices"
IFS=, read -ra levels <<< "$precisions"
IFS=, read -ra chosen <<< "$only"
for part in ${chosen[@]+"${chosen[@]}"}; do
  [[ " ${parts[*]} " == *" $part "* ]] || { echo "--only expects some of ${parts[*]}, but got '$part'." >&2; exit 2; }
done
for level in "${levels[@]}"; do
  [[ " fp32 tf32 bf16 " == *" $level "* ]] || { echo "--precision expects fp32, tf32 or bf16, but got '$level'." >&2; exit 2; }
done
wanted() { [ -z "$only" ] || [[ " ${chosen[*]} " == *" $1 "* ]]; }

root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
began=$SECONDS status=0 remaining=0
for i in "${!parts[@]}"; do wanted "${parts[i]}" && remaining=$((remaining + weights[i])); done

# Prints the tables, however the script ends.
tables() {
  local file
  echo "== tables, after $((SECONDS - began)) s"
  for file in ${written[@]+"${written[@]}"}; do [ -s "$file" ] && { echo "-- $(basename "$file" .md)"; cat "$file"; }; done
}
written=()
# Begins an empty table.
table() { : > "$1"; written+=("$1"); }
trap tables EXIT

# Finds the program of a project, published or built.
program() {
  local file
  file=$(ls "${app:-$root/artifacts/bin}/$1"/{,release/}"$2" 2>/dev/null | head -1)
  [ -n "$file" ] || {
    echo "There is no $2 in ${app:-artifacts/bin}/$1: publish $1, or build it with dotnet build -c Release $1." >&2
    exit 1
  }
  echo "$file"
}
bench=$(program Bench GpuCnn.Bench.dll) || exit 1
tests=$(program Tests GpuCnn.Tests.dll) || exit 1
cli=$(program Cli gpucnn.dll) || exit 1

# The Python that GPUCNN_PYTHON names, else the first that has PyTorch; without one only our side is measured.
for python in ${GPUCNN_PYTHON:-python3 /usr/bin/python3}; do
  if "$python" -c 'import torch' 2>/dev/null; then
    GPUCNN_PYTHON=$(command -v "$python")
    export GPUCNN_PYTHON
    break
  fi
done

# The seconds of $1 in $2 equal parts of the time until $3, never fewer than 5.
seconds_for() { echo $(((s = ($3 - SECONDS) * $1 / ($2 > 0 ? $2 : 1)) > 5 ? s : 5)); }
end=$((began + $(awk "BEGIN { printf \"%d\", $minutes * 60 }")))
# Whether a device has a precision: OpenCL and ILGPU have float32 alone, and cuda gives way to its twin for the others.
has() { [ "$2" = fp32 ] || [[ ${1%%:*} == cuda-c ]]; }
# Runs a command with its output in a log and a limit of $1 seconds. Says in a line why it failed.
limited() {
  local limit=$1 log=$2 code
  shift 2
  timeout -k 5 "$limit" "$@" > "$log" 2>&1
  code=$?
  ((code == 0)) && return
  status=1
  if ((code == 124 || code == 137)); then echo "cut after $limit s: $log"
  else echo "failed ($code), see $log: $(tail -1 "$log" | cut -c1-300)"; fi
  return 1
}
file_of() { echo "$out/${1//[:\/]/-}"; }

# Devices with each precision that they have, a pair a line.
pairs() {
  local device precision
  for device in "$@"; do
    for precision in "${levels[@]}"; do has "$device" "$precision" && echo "$device $precision"; done
  done
}

# Rows of one group, each device in its turn. The bench itself begins no row late, so that its table is whole.
rows() {
  local group=$1 until=$2 device file limit left=${#names[@]} own
  shift 2
  for device in "${names[@]}"; do
    limit=$(seconds_for 1 "$left" "$until") left=$((left - 1))
    own=$(pairs "$device" | cut -d' ' -f2 | paste -sd,)
    # Only devices with matrix units have a choice of float32's tiles.
    if [ "$group" = tiles ]; then has "$device" tf32 && [[ ",$own," == *,fp32,* ]] && own=fp32 || own=; fi
    [ -n "$own" ] || continue
    file=$(file_of "$group-$device")
    table "$file.md"
    limited "$limit" "$file.log" dotnet "$bench" device --device "$device" --only "$group" --precision "$own" --rounds 2 \
      --minutes "$(awk "BEGIN { print 0.8 * $limit / 60 }")" --markdown "$file.md" --json "$file.json" "$@"
  done
}

profile() {
  local until=$1 device precision file left=${#both[@]}
  for pair in "${both[@]}"; do
    read -r device precision <<< "$pair"
    file=$(file_of "profile-$device-$precision")
    table "$file.md"
    limited "$(seconds_for 1 "$left" "$until")" "$file.log" dotnet "$cli" profile resnet50 --batch 64 --device "$device" \
      --precision "$precision" --json "$file.json" ${quick:+--input 3x64x64}
    { echo '```'; cat "$file.log"; echo '```'; } >> "$file.md"
    left=$((left - 1))
  done
}

resources() {
  local until=$1 device precision file left=${#both[@]}
  for pair in "${both[@]}"; do
    read -r device precision <<< "$pair"
    if [[ $device == cuda* ]]; then
      file=$(file_of "resources-$device-$precision")
      table "$file.md"
      limited "$(seconds_for 1 "$left" "$until")" "$file.log" dotnet "$bench" kernels --device "$device" --precision "$precision" \
        --markdown "$file.md" ${quick:+--model lenet5}
    fi
    left=$((left - 1))
  done
}

# Trains on the demo set, and says after how many seconds of training validation first reached the accuracy.
accuracy() {
  local until=$1 device precision model target file left targets=('lenet5 0.85' 'resnet20 0.95') result="$out/accuracy.md"
  [ -n "$quick" ] && targets=('lenet5 0.2')
  left=$((${#both[@]} * ${#targets[@]}))
  table "$result"
  printf '| model | device | precision | accuracy | reached after |\n|---|---|---|---:|---:|\n' > "$result"
  for pair in "${both[@]}"; do
    for goal in "${targets[@]}"; do
      read -r device precision model target <<< "$pair $goal"
      file=$(file_of "accuracy-$model-$device-$precision")
      rm -rf "$file.run"
      (cd "$out" && limited "$(seconds_for 1 "$left" "$until")" "$file.log" dotnet "$cli" train --model "$model" \
        --device "$device" --precision "$precision" --out "$file.run" ${quick:+--epochs 1}) || status=1
      left=$((left - 1))
      [ -s "$file.run/metrics.csv" ] || { echo "| $model | $device | $precision | $target | not measured |" >> "$result"; continue; }
      awk -F, -v row="| $model | $device | $precision | $target |" -v target="$target" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { best = $column["valTop1"] > best ? $column["valTop1"] : best }
        best >= target && !at { at = $column["seconds"] }
        END { if (at) printf "%s %.1f s |\n", row, at; else printf "%s not, %.3f at best |\n", row, best }
      ' "$file.run/metrics.csv" >> "$result"
    done
  done
}

# Runs tests of one kind of device, a part of them, and prints the end of their log.
check() {
  local kind=$1 part=$2 filter=$3 limit=$4 log code
  log="$out/checks-$1-$2.log"
  GPUCNN_REQUIRE=$kind GPUCNN_LONG_TESTS=1 timeout "$limit" dotnet "$tests" --no-ansi --filter "$filter" > "$log" 2>&1
  code=$?
  {
    echo "-- $kind, $part"
    grep -A1 '^FAILED' "$log" | cut -c1-300 | head -24
    if ((code == 124)); then echo "cut after $limit s: $(grep -E '^(running|\[slow\])' "$log" | tail -1)"
    else grep -E '^  (total|failed|succeeded|skipped):' "$log" | tr -s ' \n' ' '; echo; fi
    ((code == 0)) || echo "See $log."
  } > "$log.end"
  return "$code"
}

# Every kernel on the device, then networks compared with PyTorch's numbers and with the CPU device. The tests of all devices run side by
# side: their time is mostly the compilers', on the processor.
checks() {
  local limit device kind fixture own pids=() pid
  limit=$(seconds_for 1 1 "$1")
  for device in "${names[@]}"; do
    kind=${device%%:*}
    case "$kind" in
      cuda) fixture='<IlgpuCudaSampleDevice>' ;;
      cuda-c) fixture='<CudaSampleDevice>' ;;
      opencl) fixture='<IlgpuOpenClSampleDevice>' ;;
      *) fixture='<OpenClSampleDevice>' ;;
    esac
    # The name of a twin contains this one.
    own="Name~$kind"
    [[ $kind == *-c ]] || own="$own&Name!~$kind-c"
    check "$kind" kernels "FullyQualifiedName~$fixture&FullyQualifiedName!~SecondRunGivesTheSameBits" "$limit" & pids+=("$!")
    check "$kind" repeated "FullyQualifiedName~$fixture&FullyQualifiedName~SecondRunGivesTheSameBits" "$limit" & pids+=("$!")
    check "$kind" golden "$own&FullyQualifiedName~.Golden." "$limit" & pids+=("$!")
    check "$kind" plans "$own&(FullyQualifiedName~.Plans.|FullyQualifiedName~.Training.)" "$limit" & pids+=("$!")
    [[ $kind == cuda* ]] && { check "$kind" driver 'FullyQualifiedName~CudaHardwareTests' "$limit" & pids+=("$!"); }
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  table "$out/checks.md"
  { echo '```'; cat "$out"/checks-*.end; echo '```'; } >> "$out/checks.md"
  rm -f "$out"/checks-*.end
}

echo "== devices"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv,noheader 2>/dev/null
dotnet "$cli" devices || status=1

if [ -n "$tune" ]; then
  echo "== tune"
  for device in "${names[@]}"; do
    for model in resnet18 resnet50 googlenet-torchvision vgg16 alexnet-torchvision; do
      for precision in "${levels[@]}"; do
        has "$device" "$precision" || continue
        dotnet "$cli" tune "$model" --batch 32 --device "$device" --precision "$precision" >> "$out/tune.log" 2>&1 ||
          { echo "tune $model on $device at $precision failed; see $out/tune.log."; status=1; }
      done
    done
  done
fi

quick=
[[ " $* " == *" --quick "* ]] && quick=1
mapfile -t both < <(pairs "${names[@]}")
for i in "${!parts[@]}"; do
  part=${parts[i]}
  wanted "$part" || continue
  limit=$(seconds_for "${weights[i]}" "$remaining" "$end")
  remaining=$((remaining - weights[i]))
  echo "== $part, $((SECONDS - began)) s, $limit s for it"
  case "$part" in
    profile | resources | accuracy | checks) "$part" $((SECONDS + limit)) ;;
    *) rows "$part" $((SECONDS + limit)) "$@" ;;
  esac
done
exit "$status"
