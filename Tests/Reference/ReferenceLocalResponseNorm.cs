namespace GpuCnn.Tests.Reference;

/// <summary>
/// y[c] = x[c] s[c]^-beta, s[c] = k + alpha * sum of x[j]² over j from c - size / 2 to c - size / 2 + size - 1, as far as there are such
/// channels.
/// </summary>
public sealed class ReferenceLocalResponseNorm(int size, double alpha, double beta, double k) : ReferenceLayer
{
    public override Extent Output(Extent input) => input;

    public override int LongestSum(Extent input) => size;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        double[] scales = Scales(input, x);
        return [.. x.Select((value, i) => value * Math.Pow(scales[i], -beta))];
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        double[] scales = Scales(input, x), dx = new double[x.Length];
        ForEach(input, (i, window) =>
        {
            dx[i] += dy[i] * Math.Pow(scales[i], -beta);
            foreach (int j in window) dx[j] += dy[i] * x[i] * -beta * Math.Pow(scales[i], -beta - 1) * alpha * 2 * x[j];
        });
        return new(dx, []);
    }

    private double[] Scales(Extent input, double[] x)
    {
        var scales = new double[x.Length];
        ForEach(input, (i, window) => scales[i] = k + alpha * window.Sum(j => x[j] * x[j]));
        return scales;
    }

    private void ForEach(Extent input, Action<int, int[]> visit)
    {
        for (int n = 0; n < input.Images; n++)
            for (int c = 0; c < input.Channels; c++)
                for (int h = 0; h < input.Height; h++)
                    for (int w = 0; w < input.Width; w++)
                        visit(input.At(n, c, h, w), [.. Enumerable.Range(c - size / 2, size)
                            .Where(j => j >= 0 && j < input.Channels).Select(j => input.At(n, j, h, w))]);
    }
}
