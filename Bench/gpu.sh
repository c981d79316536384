#!/usr/bin/env bash
# gpu.sh: measures a GPU side by side with PyTorch, then runs the tests that need it. Bench/README.md says what is counted.
#   --device D    devices to test and measure, in turn: cuda, opencl and their twins, separated by commas [cuda,cuda-c]
#   --app DIR     published projects, each in a folder of its name, for a machine without the SDK [the builds in artifacts/bin]
#   --out DIR     folder of tables and logs [gpu-results]
#   --minutes N   begin no further measurement so late that the tests would end after N minutes [8]
#   --tune        let gpucnn tune choose the algorithms of the measured networks first
#   --seconds N   end the tests after N seconds [150]
#   --no-checks   measure without tests
# Arguments after -- go to the bench: -- --only matrix, -- --quick.
set -uo pipefail
devices=cuda,cuda-c app= out=gpu-results minutes=8 seconds=150 tune= checks=1
while (($#)); do
  case "$1" in
    --device) [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }; devices=$2; shift 2 ;;
    --app | --out | --minutes | --seconds) [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }; declare "${1#--}=$2"; shift 2 ;;
    --tune) tune=1; shift ;;
    --no-checks) checks=; shift ;;
    --) shift; break ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
began=$SECONDS status=0

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

# The first Python that has PyTorch; without one only our side is measured.
for python in ${GPUCNN_PYTHON:-} python3 /usr/bin/python3; do
  if "$python" -c 'import torch' 2>/dev/null; then
    GPUCNN_PYTHON=$(command -v "$python")
    export GPUCNN_PYTHON
    break
  fi
done

echo "== devices"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv,noheader 2>/dev/null
dotnet "$cli" devices

IFS=, read -ra names <<< "$devices"
[ -n "$checks" ] || seconds=0
# Minutes for $2 parts of the remaining $1, never zero.
left() { awk "BEGIN { m = ($minutes - ($SECONDS - $began + $seconds) / 60) * $2 / $1; print (m > 0.3 ? m : 0.3) }"; }

if [ -n "$tune" ]; then
  echo "== tune"
  for device in "${names[@]}"; do
    for model in resnet18 resnet50 googlenet-torchvision vgg16 alexnet-torchvision; do
      dotnet "$cli" tune "$model" --batch 32 --device "$device" >> "$out/tune.log" 2>&1 ||
        { echo "tune $model on $device failed; see $out/tune.log."; status=1; }
    done
  done
fi

echo "== measurements"
# Measure before the tests: a GPU is often there for minutes, and each row is checked before it counts. Go group by group, so that the
# devices' rows of a group are at most minutes apart. A group gets its part of the time that is left.
groups=(networks matrix conv memory) parts=(4 1 2 1)
turns=$((8 * ${#names[@]}))
for i in "${!groups[@]}"; do
  group=${groups[i]}
  for device in "${names[@]}"; do
    file="$out/${device//:/-}-$group"
    dotnet "$bench" device --device "$device" --only "$group" --minutes "$(left "$turns" "${parts[i]}")" \
      --markdown "$file.md" --json "$file.json" "$@" > "$file.log" 2>&1 || { tail -3 "$file.log"; status=1; }
    turns=$((turns - parts[i]))
  done
done

# Runs tests of one kind of device, a part of them, and prints the end of their log.
check() {
  local kind=$1 part=$2 filter=$3 log="$out/checks-$1-$2.log" code
  GPUCNN_REQUIRE=$kind GPUCNN_LONG_TESTS=1 timeout "$seconds" dotnet "$tests" --no-ansi --filter "$filter" > "$log" 2>&1
  code=$?
  {
    echo "-- $kind, $part"
    grep -A1 '^FAILED' "$log" | cut -c1-300 | head -24
    if ((code == 124)); then echo "cut after $seconds s: $(grep -E '^(running|\[slow\])' "$log" | tail -1)"
    else grep -E '^  (total|failed|succeeded|skipped):' "$log" | tr -s ' \n' ' '; echo; fi
    ((code == 0)) || echo "See $log."
  } > "$log.end"
  return "$code"
}

if [ -n "$checks" ]; then
  # Every kernel on the device, then networks compared with PyTorch's numbers and with the CPU device. The parts of all devices run side
  # by side: their time is mostly the compilers', on the processor.
  parts=()
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
    check "$kind" kernels "FullyQualifiedName~$fixture&FullyQualifiedName!~SecondRunGivesTheSameBits" & parts+=("$!")
    check "$kind" repeated "FullyQualifiedName~$fixture&FullyQualifiedName~SecondRunGivesTheSameBits" & parts+=("$!")
    check "$kind" golden "$own&FullyQualifiedName~.Golden." & parts+=("$!")
    check "$kind" plans "$own&(FullyQualifiedName~.Plans.|FullyQualifiedName~.Training.)" & parts+=("$!")
    [[ $kind == cuda* ]] && { check "$kind" driver 'FullyQualifiedName~CudaHardwareTests' & parts+=("$!"); }
  done
  for part in "${parts[@]}"; do wait "$part" || status=1; done
  echo "== checks, $((SECONDS - began)) s"
  cat "$out"/checks-*.end
  rm -f "$out"/checks-*.end
fi

echo "== tables"
for device in "${names[@]}"; do
  for group in "${groups[@]}"; do
    [ -s "$out/${device//:/-}-$group.md" ] && { echo "-- $device, $group"; cat "$out/${device//:/-}-$group.md"; }
  done
done
exit "$status"
