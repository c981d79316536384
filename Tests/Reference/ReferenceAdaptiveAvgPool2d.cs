namespace GpuCnn.Tests.Reference;

/// <summary>
/// The mean of each bin: output row p of P covers input rows floor(p H / P) to ceil((p + 1) H / P) - 1, and columns likewise.
/// </summary>
public sealed class ReferenceAdaptiveAvgPool2d(int rows, int columns) : ReferenceLayer
{
    public override Extent Output(Extent input) => new(input.Images, input.Channels, rows, columns);

    public override int LongestSum(Extent input) => input.Height * input.Width;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[Output(input).Count];
        ForEachShare(input, (from, to, share) => y[to] += x[from] * share);
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        var dx = new double[input.Count];
        ForEachShare(input, (from, to, share) => dx[from] += dy[to] * share);
        return new(dx, []);
    }

    private void ForEachShare(Extent input, Action<int, int, double> visit)
    {
        Extent output = Output(input);
        for (int n = 0; n < input.Images; n++)
            for (int c = 0; c < input.Channels; c++)
                for (int p = 0; p < rows; p++)
                    for (int q = 0; q < columns; q++)
                    {
                        (int top, int bottom) = Bin(p, rows, input.Height);
                        (int left, int right) = Bin(q, columns, input.Width);
                        for (int h = top; h < bottom; h++)
                            for (int w = left; w < right; w++)
                                visit(input.At(n, c, h, w), output.At(n, c, p, q), 1.0 / ((bottom - top) * (right - left)));
                    }
    }

    private static (int First, int Last) Bin(int bin, int bins, int pixels) =>
        ((int)Math.Floor((double)bin * pixels / bins), (int)Math.Ceiling((bin + 1.0) * pixels / bins));
}
