using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>Softmax cross-entropy with its gradient. Counts 8 bytes a logit: read once, its gradient written once.</summary>
public sealed class CrossEntropyWorkload(int images, int classes) : Workload
{
    public override string Group => "memory";

    public override string Name => $"softmax cross-entropy {classes}, batch {images}";

    public override string Pass => OperatorPass.Loss.Text();

    public override Work Work => Work.Bytes(2 * sizeof(float) * ResultCount);

    public override long ResultCount => (long)images * classes;

    /// <summary>dx[n][k] = (softmax(x)[k] - [k is the label]) / N</summary>
    public override Expected ExpectedAt(long position)
    {
        long image = position / classes, k = position % classes;
        double total = 0;
        for (int other = 0; other < classes; other++) total += Math.Exp(Pattern.At(Pattern.Input, image * classes + other));
        double probability = Math.Exp(Pattern.At(Pattern.Input, position)) / total;
        double value = (probability - (k == Pattern.Label((int)image, classes) ? 1 : 0)) / images;
        return new(value, Math.Abs(value));
    }

    internal override Subject Open(Device device) => new OperatorSubject(
        device, new Sequential(), Shape.Vector(classes), images, OperatorPass.Loss, new() { Loss = new SoftmaxCrossEntropy() });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "cross_entropy",
        ["images"] = images,
        ["classes"] = classes,
    };
}
