namespace GpuCnn.Tests.Reference;

/// <summary>
/// The windows of both poolings, by PyTorch's rules: floor((H - R + 2 pad) / stride) + 1 rows, or with ceil mode ceil(…) + 1, less one if
/// the last window would start after the input and its leading padding.
/// </summary>
public abstract class ReferencePool2d((int H, int W) size, (int H, int W) stride, (int H, int W) padding, bool ceilMode) : ReferenceLayer
{
    public sealed override Extent Output(Extent input) => new(
        input.Images, input.Channels, Windows(input.Height, size.H, stride.H, padding.H),
            Windows(input.Width, size.W, stride.W, padding.W));

    public override int LongestSum(Extent input) => size.H * size.W;

    /// <summary>Visits every window of every channel with its first row and column in the padded map, which may be negative.</summary>
    protected void ForEachWindow(Extent input, Action<int, int, int, int, int> window)
    {
        Extent output = Output(input);
        for (int n = 0; n < output.Images; n++)
            for (int c = 0; c < output.Channels; c++)
                for (int p = 0; p < output.Height; p++)
                    for (int q = 0; q < output.Width; q++)
                        window(n, c, p * stride.H - padding.H, q * stride.W - padding.W, output.At(n, c, p, q));
    }

    private int Windows(int extent, int window, int step, int pad)
    {
        double last = (extent + 2.0 * pad - window) / step;
        int count = (int)(ceilMode ? Math.Ceiling(last) : Math.Floor(last)) + 1;
        if (ceilMode && (count - 1) * step >= extent + pad) count--;
        return count;
    }
}

/// <summary>The largest value of each window; the first of equal values in row-major order. Padding never wins.</summary>
public sealed class ReferenceMaxPool2d((int H, int W) size, (int H, int W) stride, (int H, int W) padding, bool ceilMode = false)
    : ReferencePool2d(size, stride, padding, ceilMode)
{
    private readonly (int H, int W) _size = size;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[Output(input).Count];
        ForEachWindow(input, (n, c, top, left, to) => y[to] = x[Winner(input, x, n, c, top, left)]);
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        var dx = new double[input.Count];
        ForEachWindow(input, (n, c, top, left, to) => dx[Winner(input, x, n, c, top, left)] += dy[to]);
        return new(dx, []);
    }

    private int Winner(Extent input, double[] x, int n, int c, int top, int left)
    {
        int winner = -1;
        for (int h = top; h < top + _size.H; h++)
            for (int w = left; w < left + _size.W; w++)
                if (input.Contains(h, w) && (winner < 0 || x[input.At(n, c, h, w)] > x[winner])) winner = input.At(n, c, h, w);
        return winner;
    }
}

/// <summary>
/// The mean of each window. The sum is divided by the number of the window's pixels inside the padded map with
/// <paramref name="countPadding"/>, else inside the map. Parts of a ceil mode window past the padded map do not count.
/// </summary>
public sealed class ReferenceAvgPool2d(
    (int H, int W) size, (int H, int W) stride, (int H, int W) padding, bool ceilMode = false, bool countPadding = true)
    : ReferencePool2d(size, stride, padding, ceilMode)
{
    private readonly (int H, int W) _size = size, _padding = padding;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[Output(input).Count];
        ForEachWindow(input, (n, c, top, left, to) =>
        {
            foreach (int from in Pixels(input, n, c, top, left)) y[to] += x[from] / Divisor(input, top, left);
        });
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        var dx = new double[input.Count];
        ForEachWindow(input, (n, c, top, left, to) =>
        {
            foreach (int from in Pixels(input, n, c, top, left)) dx[from] += dy[to] / Divisor(input, top, left);
        });
        return new(dx, []);
    }

    private IEnumerable<int> Pixels(Extent input, int n, int c, int top, int left)
    {
        for (int h = top; h < top + _size.H; h++)
            for (int w = left; w < left + _size.W; w++)
                if (input.Contains(h, w)) yield return input.At(n, c, h, w);
    }

    private int Divisor(Extent input, int top, int left)
    {
        int count = 0;
        for (int h = top; h < top + _size.H; h++)
            for (int w = left; w < left + _size.W; w++)
            {
                bool padded = h < input.Height + _padding.H && w < input.Width + _padding.W;
                if (countPadding ? padded : input.Contains(h, w)) count++;
            }
        return count;
    }
}

/// <summary>The mean of each channel.</summary>
public sealed class ReferenceGlobalAvgPool2d : ReferenceLayer
{
    public override Extent Output(Extent input) => new(input.Images, input.Channels, 1, 1);

    public override int LongestSum(Extent input) => input.Height * input.Width;

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        int area = input.Height * input.Width;
        var y = new double[input.Images * input.Channels];
        for (int i = 0; i < x.Length; i++) y[i / area] += x[i] / area;
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        int area = input.Height * input.Width;
        return new([.. x.Select((_, i) => dy[i / area] / area)], []);
    }
}
