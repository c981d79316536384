using GpuCnn.Kernels.Convolution;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Kernels;

/// <summary>A convolution with numbers to compute with, and what comes out of it: by plain loops in double, in the order that devices store it in.</summary>
internal sealed class ConvolutionCase
{
    private readonly ConvolutionShape _shape;
    private readonly Extent _input, _output;

    public ConvolutionCase(ConvolutionShape shape, int images, Func<int, int, float[]> numbers)
    {
        _shape = shape;
        Images = images;
        _input = new(images, shape.C, shape.H, shape.W);
        var layer = new ReferenceConv2d(shape.K, (shape.R, shape.S), (shape.StrideH, shape.StrideW), (shape.PadH, shape.PadW), shape.Groups);
        _output = layer.Output(_input);
        float[] x = numbers(_input.Count, 1), w = numbers(shape.K * shape.C / shape.Groups * shape.R * shape.S, 2), dy = numbers(_output.Count, 3);
        Bias = numbers(shape.K, 4);
        double[][] parameters = [[.. w], [.. Bias]];
        Gradients gradients = layer.Backward(_input, [.. x], parameters, [.. dy]);
        X = Single(ChannelsLast(_input, [.. x]));
        Filter = Single(FilterOrder([.. w]));
        GradientY = Single(ChannelsLast(_output, [.. dy]));
        Y = ChannelsLast(_output, layer.Forward(_input, [.. x], parameters));
        GradientX = ChannelsLast(_input, gradients.Input);
        GradientFilter = FilterOrder(gradients.Parameters[0]);
        GradientBias = gradients.Parameters[1];
        LongestSum = layer.LongestSum(_input);
    }

    public int Images { get; }

    public int LongestSum { get; }

    public float[] X { get; }

    public float[] Filter { get; }

    public float[] Bias { get; }

    public float[] GradientY { get; }

    public double[] Y { get; }

    public double[] GradientX { get; }

    public double[] GradientFilter { get; }

    public double[] GradientBias { get; }

    private static double[] ChannelsLast(Extent extent, double[] planes)
    {
        var values = new double[planes.Length];
        for (int n = 0; n < extent.Images; n++)
            for (int c = 0; c < extent.Channels; c++)
                for (int h = 0; h < extent.Height; h++)
                    for (int w = 0; w < extent.Width; w++)
                        values[((n * extent.Height + h) * extent.Width + w) * extent.Channels + c] = planes[extent.At(n, c, h, w)];
        return values;
    }

    /// <summary>From [K][C / groups][R][S] to [group][R][S][C / groups][K / groups].</summary>
    private double[] FilterOrder(double[] weights)
    {
        int inputs = _shape.C / _shape.Groups, outputs = _shape.K / _shape.Groups;
        var values = new double[weights.Length];
        for (int k = 0; k < _shape.K; k++)
            for (int c = 0; c < inputs; c++)
                for (int r = 0; r < _shape.R; r++)
                    for (int s = 0; s < _shape.S; s++)
                        values[(((k / outputs * _shape.R + r) * _shape.S + s) * inputs + c) * outputs + k % outputs] = weights[((k * inputs + c) * _shape.R + r) * _shape.S + s];
        return values;
    }

    private static float[] Single(double[] values) => [.. values.Select(value => (float)value)];
}
