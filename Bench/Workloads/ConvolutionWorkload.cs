using System.Text.Json.Nodes;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>A square convolution without bias: C channels of H by H, K filters of R by R.</summary>
public sealed record ConvolutionSizes(int Images, int C, int K, int H, int R, int Stride, int Pad)
{
    public int P => (H + 2 * Pad - R) / Stride + 1;

    public override string ToString() => $"convolution {C}->{K}, {H}x{H}, {R}x{R}{(Stride == 1 ? "" : $"/{Stride}")}, batch {Images}";
}

public sealed class ConvolutionWorkload(ConvolutionSizes sizes, OperatorPass pass, string group = "conv") : Workload
{
    public override string Group => group;

    public override string Name => $"{sizes}";

    public override string Pass => pass.Text();

    public override Work Work => Work.MultiplyAdds((long)sizes.Images * sizes.K * sizes.P * sizes.P * sizes.C * sizes.R * sizes.R);

    public override long ResultCount => pass switch
    {
        OperatorPass.Forward => (long)sizes.Images * sizes.K * sizes.P * sizes.P,
        OperatorPass.BackwardData => (long)sizes.Images * sizes.C * sizes.H * sizes.H,
        _ => (long)sizes.K * sizes.C * sizes.R * sizes.R,
    };

    public override Expected ExpectedAt(long position) => pass switch
    {
        OperatorPass.Forward => ForwardAt(position),
        OperatorPass.BackwardData => BackwardDataAt(position),
        _ => BackwardWeightsAt(position),
    };

    internal override Subject Open(Device device) => new OperatorSubject(
        device, new Conv2d(sizes.K, sizes.R, sizes.Stride, sizes.Pad, bias: false), Shape.Volume(sizes.C, sizes.H, sizes.H),
            sizes.Images, pass,
        new() { IsFirstLayer = sizes.C < 8, Precision = Precision, Tile = Tile });

    protected override JsonObject Sizes() => new()
    {
        ["operation"] = "convolution",
        ["images"] = sizes.Images,
        ["channels"] = sizes.C,
        ["filters"] = sizes.K,
        ["size"] = sizes.H,
        ["filter_size"] = sizes.R,
        ["stride"] = sizes.Stride,
        ["padding"] = sizes.Pad,
        ["output_size"] = sizes.P,
    };

    /// <summary>y[n][k][p][q] = sum over c, r, s of x w</summary>
    private Expected ForwardAt(long position)
    {
        (int n, int k, int p, int q) = Split(position, sizes.K, sizes.P);
        var sum = new TermSum();
        for (int c = 0; c < sizes.C; c++)
            for (int r = 0; r < sizes.R; r++)
                for (int s = 0; s < sizes.R; s++)
                    sum.Add(X(n, c, p * sizes.Stride + r - sizes.Pad, q * sizes.Stride + s - sizes.Pad), W(k, c, r, s));
        return sum.Expected;
    }

    /// <summary>dx[n][c][h][w] = sum over k, r, s of dy w</summary>
    private Expected BackwardDataAt(long position)
    {
        (int n, int c, int h, int w) = Split(position, sizes.C, sizes.H);
        var sum = new TermSum();
        for (int k = 0; k < sizes.K; k++)
            for (int r = 0; r < sizes.R; r++)
                for (int s = 0; s < sizes.R; s++)
                {
                    int row = h + sizes.Pad - r, column = w + sizes.Pad - s;
                    if (row % sizes.Stride == 0 && column % sizes.Stride == 0)
                        sum.Add(Dy(n, k, row / sizes.Stride, column / sizes.Stride), W(k, c, r, s));
                }
        return sum.Expected;
    }

    /// <summary>dw[k][c][r][s] = sum over n, p, q of x dy</summary>
    private Expected BackwardWeightsAt(long position)
    {
        (int k, int c, int r, int s) = Split(position, sizes.C, sizes.R);
        var sum = new TermSum();
        for (int n = 0; n < sizes.Images; n++)
            for (int p = 0; p < sizes.P; p++)
                for (int q = 0; q < sizes.P; q++)
                    sum.Add(X(n, c, p * sizes.Stride + r - sizes.Pad, q * sizes.Stride + s - sizes.Pad), Dy(n, k, p, q));
        return sum.Expected;
    }

    private double X(int n, int c, int h, int w) => At(Pattern.Input, n, c, h, w, sizes.C, sizes.H);

    private double Dy(int n, int k, int p, int q) => At(Pattern.OutputGradient, n, k, p, q, sizes.K, sizes.P);

    private double W(int k, int c, int r, int s) => At(Pattern.Weight, k, c, r, s, sizes.C, sizes.R);

    /// <summary>Zero outside the plane.</summary>
    private static double At(int tensor, int n, int c, int row, int column, int channels, int extent) =>
        row < 0 || row >= extent || column < 0 || column >= extent
            ? 0
            : Pattern.At(tensor, (((long)n * channels + c) * extent + row) * extent + column);

    private static (int N, int C, int Row, int Column) Split(long position, int channels, int extent)
    {
        int column = (int)(position % extent), row = (int)(position / extent % extent);
        long plane = position / extent / extent;
        return ((int)(plane / channels), (int)(plane % channels), row, column);
    }
}
