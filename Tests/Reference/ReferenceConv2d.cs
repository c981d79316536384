namespace GpuCnn.Tests.Reference;

/// <summary>
/// y[n,k,p,q] = b[k] + sum over c, r, s of w[k,c,r,s] x[n, group(k) C/groups + c, p strideH + r - padH, q strideW + s - padW], where x is
/// zero outside the map.
/// </summary>
public sealed class ReferenceConv2d(
    int filters, (int H, int W) size, (int H, int W) stride, (int H, int W) padding, int groups = 1, bool bias = true) : ReferenceLayer
{
    public override int ParameterCount => bias ? 2 : 1;

    public override Extent Output(Extent input) => new(
        input.Images, filters,
        (int)Math.Floor((input.Height - size.H + 2.0 * padding.H) / stride.H) + 1,
        (int)Math.Floor((input.Width - size.W + 2.0 * padding.W) / stride.W) + 1);

    public override int LongestSum(Extent input)
    {
        Extent output = Output(input);
        int forward = size.H * size.W * input.Channels / groups + 1, backward = size.H * size.W * filters / groups;
        return Math.Max(Math.Max(forward, backward), output.Images * output.Height * output.Width);
    }

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        Extent output = Output(input);
        var y = new double[output.Count];
        if (bias)
            for (int n = 0; n < output.Images; n++)
                for (int k = 0; k < filters; k++)
                    for (int p = 0; p < output.Height; p++)
                        for (int q = 0; q < output.Width; q++) y[output.At(n, k, p, q)] = parameters[1][k];
        ForEachTerm(input, (from, weight, to) => y[to] += parameters[0][weight] * x[from]);
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        Extent output = Output(input);
        var dx = new double[input.Count];
        var dw = new double[parameters[0].Length];
        ForEachTerm(input, (from, weight, to) =>
        {
            dx[from] += parameters[0][weight] * dy[to];
            dw[weight] += x[from] * dy[to];
        });
        if (!bias) return new(dx, [dw]);
        var db = new double[filters];
        for (int n = 0; n < output.Images; n++)
            for (int k = 0; k < filters; k++)
                for (int p = 0; p < output.Height; p++)
                    for (int q = 0; q < output.Width; q++) db[k] += dy[output.At(n, k, p, q)];
        return new(dx, [dw, db]);
    }

    /// <summary>Visits every product of the sum: its positions in x, w and y.</summary>
    private void ForEachTerm(Extent input, Action<int, int, int> term)
    {
        Extent output = Output(input);
        int inputsPerGroup = input.Channels / groups, filtersPerGroup = filters / groups;
        for (int n = 0; n < output.Images; n++)
            for (int k = 0; k < filters; k++)
                for (int p = 0; p < output.Height; p++)
                    for (int q = 0; q < output.Width; q++)
                    {
                        int to = output.At(n, k, p, q);
                        for (int c = 0; c < inputsPerGroup; c++)
                            for (int r = 0; r < size.H; r++)
                                for (int s = 0; s < size.W; s++)
                                {
                                    int h = p * stride.H + r - padding.H, w = q * stride.W + s - padding.W;
                                    if (!input.Contains(h, w)) continue;
                                    int channel = k / filtersPerGroup * inputsPerGroup + c;
                                    term(input.At(n, channel, h, w), ((k * inputsPerGroup + c) * size.H + r) * size.W + s, to);
                                }
                    }
    }
}
