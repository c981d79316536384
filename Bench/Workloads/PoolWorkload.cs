using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>A square pooling: C channels of H by H, windows of R by R.</summary>
public sealed record PoolSizes(bool IsMax, int Images, int C, int H, int R, int Stride, int Pad)
{
    public int P => (H + 2 * Pad - R) / Stride + 1;

    public override string ToString() => $"{(IsMax ? "max" : "average")} pool {R}x{R}/{Stride}, {C}x{H}x{H}, batch {Images}";
}

/// <summary>Counts the bytes of input and output, but not those that record which input won.</summary>
public sealed class PoolWorkload(PoolSizes sizes, OperatorPass pass) : Workload
{
    private long Inputs => (long)sizes.Images * sizes.C * sizes.H * sizes.H;

    private long Outputs => (long)sizes.Images * sizes.C * sizes.P * sizes.P;

    public override string Group => "memory";

    public override string Name => $"{sizes}";

    public override string Pass => pass.Text();

    public override Work Work => Work.Bytes(ValueBytes * (Inputs + Outputs));

    public override long ResultCount => pass == OperatorPass.Forward ? Outputs : Inputs;

    public override Expected ExpectedAt(long position)
    {
        int extent = pass == OperatorPass.Forward ? sizes.P : sizes.H;
        int column = (int)(position % extent), row = (int)(position / extent % extent);
        long plane = position / extent / extent;
        double value = pass == OperatorPass.Forward ? WindowOf(plane, row, column).Value : GradientAt(plane, row, column);
        return new(value, Math.Abs(value));
    }

    internal override Subject Open(Device device) => new OperatorSubject(
        device, sizes.IsMax ? new MaxPool2d(sizes.R, sizes.Stride, sizes.Pad) : new AvgPool2d(sizes.R, sizes.Stride, sizes.Pad),
        Shape.Volume(sizes.C, sizes.H, sizes.H), sizes.Images, pass, new() { Precision = Precision });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = sizes.IsMax ? "max_pool" : "average_pool",
        ["images"] = sizes.Images,
        ["channels"] = sizes.C,
        ["size"] = sizes.H,
        ["window"] = sizes.R,
        ["stride"] = sizes.Stride,
        ["padding"] = sizes.Pad,
        ["output_size"] = sizes.P,
    };

    /// <summary>Sums the gradients of the windows that contain an input, for a max pool only of those that it wins.</summary>
    private double GradientAt(long plane, int row, int column)
    {
        double sum = 0;
        for (int p = 0; p < sizes.P; p++)
            for (int q = 0; q < sizes.P; q++)
            {
                int r = row + sizes.Pad - p * sizes.Stride, s = column + sizes.Pad - q * sizes.Stride;
                if (r < 0 || r >= sizes.R || s < 0 || s >= sizes.R) continue;
                double gradient = Pattern.At(Pattern.OutputGradient, (plane * sizes.P + p) * sizes.P + q);
                if (!sizes.IsMax) sum += gradient / (sizes.R * sizes.R);
                else if (WindowOf(plane, p, q).Winner == (row, column)) sum += gradient;
            }
        return sum;
    }

    /// <summary>The window's maximum and the first input that attains it, or its mean.</summary>
    private (double Value, (int Row, int Column) Winner) WindowOf(long plane, int p, int q)
    {
        double sum = 0, largest = double.NegativeInfinity;
        (int, int) winner = default;
        for (int r = 0; r < sizes.R; r++)
            for (int s = 0; s < sizes.R; s++)
            {
                int row = p * sizes.Stride + r - sizes.Pad, column = q * sizes.Stride + s - sizes.Pad;
                if (row < 0 || row >= sizes.H || column < 0 || column >= sizes.H) continue;
                double value = Pattern.At(Pattern.Input, (plane * sizes.H + row) * sizes.H + column);
                sum += value;
                if (value <= largest) continue;
                largest = value;
                winner = (row, column);
            }
        return (sizes.IsMax ? largest : sum / (sizes.R * sizes.R), winner);
    }
}
