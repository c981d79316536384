using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// ReLU as a layer of its own, out of place. Counts 8 bytes a value forward (x, y) and 12 backward (y, dy, dx). In a network the plan fuses
/// it into the layer before it.
/// </summary>
public class ReLUWorkload(int images, int channels, int size, OperatorPass pass) : Workload
{
    public override string Group => "memory";

    public override string Name => $"ReLU {channels}x{size}x{size}, batch {images}";

    public override string Pass => pass.Text();

    public override Work Work => Work.Bytes((pass == OperatorPass.Forward ? 2 : 3) * ValueBytes * ResultCount);

    public override long ResultCount => (long)images * channels * size * size;

    public override Expected ExpectedAt(long position)
    {
        double x = Pattern.At(Pattern.Input, position);
        double value = x <= 0 ? 0 : pass == OperatorPass.Forward ? x : Pattern.At(Pattern.OutputGradient, position);
        return new(value, Math.Abs(value));
    }

    internal override Subject Open(Device device) =>
        new OperatorSubject(device, new ReLU(), Shape.Volume(channels, size, size), images, pass, new() { Precision = Precision });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "relu",
        ["images"] = images,
        ["channels"] = channels,
        ["size"] = size,
    };
}
