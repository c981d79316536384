using System.Text.Json.Nodes;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// The ceiling of what only moves memory. Ours is ReLU as a layer of its own, out of place; PyTorch copies the same result, which it has
/// computed before, by the driver's copy.
/// </summary>
public sealed class CopyWorkload(int images, int channels) : ReLUWorkload(images, channels, 32, OperatorPass.Forward)
{
    public override string Group => "ceilings";

    public override string Name => $"copy of {sizeof(float) * ResultCount >> 10} KiB";

    protected override JsonObject Sizes()
    {
        JsonObject sizes = base.Sizes();
        sizes["operation"] = "copy";
        return sizes;
    }
}
