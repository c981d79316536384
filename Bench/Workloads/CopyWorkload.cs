using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// A copy: the ceiling of what only moves memory. Ours is ReLU as a layer of its own, out of place; PyTorch's is the driver's copy.
/// </summary>
public sealed class CopyWorkload(int images, int channels) : Workload
{
    private const int Size = 32;

    public override string Group => "ceilings";

    public override string Name => $"copy of {(long)sizeof(float) * ResultCount >> 10} KiB";

    public override string Pass => OperatorPass.Forward.Text();

    public override Work Work => Work.Bytes(2 * sizeof(float) * ResultCount);

    public override long ResultCount => (long)images * channels * Size * Size;

    /// <summary>ReLU of a number at or above 0 is the number, which is all that is compared.</summary>
    public override Expected ExpectedAt(long position)
    {
        double value = Math.Max(0, Pattern.At(Pattern.Input, position));
        return new(value, Math.Abs(value));
    }

    internal override Subject Open(Device device) => new OperatorSubject(
        device, new ReLU(), Shape.Volume(channels, Size, Size), images, OperatorPass.Forward, new() { Precision = Precision });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "copy",
        ["images"] = images,
        ["channels"] = channels,
        ["size"] = Size,
    };
}
