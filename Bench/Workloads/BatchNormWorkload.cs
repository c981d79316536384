using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// Batch norm with the batch's own statistics. Counts 8 bytes a value forward (x, y) and 12 backward (x, dy, dx), although every algorithm
/// reads its inputs more than once.
/// </summary>
public sealed class BatchNormWorkload(int images, int channels, int size, OperatorPass pass) : Workload
{
    private const double Epsilon = 1e-5;

    private int Area => size * size;

    public override string Group => "memory";

    public override string Name => $"batch norm {channels}x{size}x{size}, batch {images}";

    public override string Pass => pass.Text();

    public override Work Work => Work.Bytes((pass == OperatorPass.Forward ? 2 : 3) * ValueBytes * ResultCount);

    public override long ResultCount => (long)images * channels * Area;

    /// <summary>
    /// y = w n + b, dx = w / s (dy - mean(dy) - n mean(n dy)), where n = (x - mean) / s and s = sqrt(variance + epsilon).
    /// </summary>
    public override Expected ExpectedAt(long position)
    {
        int channel = (int)(position / Area % channels);
        double mean = MeanOver(channel, X), deviation = Math.Sqrt(MeanOver(channel, i => (X(i) - mean) * (X(i) - mean)) + Epsilon);
        double weight = Pattern.At(Pattern.Weight, channel), normal = (X(position) - mean) / deviation;
        if (pass == OperatorPass.Forward) return new(weight * normal + weight, 1);
        double meanGradient = MeanOver(channel, Dy), product = MeanOver(channel, i => (X(i) - mean) / deviation * Dy(i));
        return new(weight / deviation * (Dy(position) - meanGradient - normal * product), 1);
    }

    internal override Subject Open(Device device) =>
        new OperatorSubject(device, new BatchNorm2d(), Shape.Volume(channels, size, size), images, pass, new() { Precision = Precision });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "batch_norm",
        ["images"] = images,
        ["channels"] = channels,
        ["size"] = size,
    };

    private static double X(long i) => Pattern.At(Pattern.Input, i);

    private static double Dy(long i) => Pattern.At(Pattern.OutputGradient, i);

    private double MeanOver(int channel, Func<long, double> value)
    {
        double sum = 0;
        for (long image = 0; image < images; image++)
            for (int pixel = 0; pixel < Area; pixel++) sum += value((image * channels + channel) * Area + pixel);
        return sum / ((double)images * Area);
    }
}
