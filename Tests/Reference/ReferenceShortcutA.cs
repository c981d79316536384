namespace GpuCnn.Tests.Reference;

/// <summary>y[(channels - C) / 2 + c, p, q] = x[c, p stride, q stride]; other channels are zero.</summary>
public sealed class ReferenceShortcutA(int channels, int stride) : ReferenceLayer
{
    public override Extent Output(Extent input) =>
        new(input.Images, channels, (input.Height + stride - 1) / stride, (input.Width + stride - 1) / stride);

    public override double[] Forward(Extent input, double[] x, double[][] parameters)
    {
        var y = new double[Output(input).Count];
        ForEach(input, (from, to) => y[to] = x[from]);
        return y;
    }

    public override Gradients Backward(Extent input, double[] x, double[][] parameters, double[] dy)
    {
        var dx = new double[input.Count];
        ForEach(input, (from, to) => dx[from] = dy[to]);
        return new(dx, []);
    }

    private void ForEach(Extent input, Action<int, int> visit)
    {
        Extent output = Output(input);
        for (int n = 0; n < input.Images; n++)
            for (int c = 0; c < input.Channels; c++)
                for (int p = 0; p < output.Height; p++)
                    for (int q = 0; q < output.Width; q++)
                        visit(input.At(n, c, p * stride, q * stride), output.At(n, (channels - input.Channels) / 2 + c, p, q));
    }
}
