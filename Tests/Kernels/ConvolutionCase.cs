using GpuCnn.Kernels.Convolution;
using GpuCnn.Tests.Reference;

namespace GpuCnn.Tests.Kernels;

/// <summary>A convolution with its inputs, and its results in float64 by plain loops, in the order in which devices store them.</summary>
internal sealed class ConvolutionCase
{
    private readonly ConvolutionShape _shape;

    public ConvolutionCase(ConvolutionShape shape, int images, Func<int, int, float[]> numbers)
    {
        _shape = shape;
        var input = new Extent(images, shape.C, shape.H, shape.W);
        var layer = new ReferenceConv2d(shape.K, (shape.R, shape.S), (shape.StrideH, shape.StrideW), (shape.PadH, shape.PadW),
            shape.Groups);
        Extent output = layer.Output(input);
        float[] x = numbers(input.Count, 1), w = numbers(shape.K * shape.C / shape.Groups * shape.R * shape.S, 2),
            dy = numbers(output.Count, 3);
        Bias = numbers(shape.K, 4);
        double[][] parameters = [[.. w], [.. Bias]];
        Gradients gradients = layer.Backward(input, [.. x], parameters, [.. dy]);
        X = ChannelsLast.From(x, input);
        Filter = FilterOrder(w);
        GradientY = ChannelsLast.From(dy, output);
        Y = ChannelsLast.From(layer.Forward(input, [.. x], parameters), output);
        GradientX = ChannelsLast.From(gradients.Input, input);
        GradientFilter = FilterOrder(gradients.Parameters[0]);
        GradientBias = gradients.Parameters[1];
        LongestSum = layer.LongestSum(input);
    }

    public int LongestSum { get; }

    public float[] X { get; }

    public float[] Filter { get; }

    public float[] Bias { get; }

    public float[] GradientY { get; }

    public double[] Y { get; }

    public double[] GradientX { get; }

    public double[] GradientFilter { get; }

    public double[] GradientBias { get; }

    /// <summary>Reorders [K][C / groups][R][S] to [group][R][S][C / groups][K / groups].</summary>
    private T[] FilterOrder<T>(T[] weights)
    {
        int inputs = _shape.C / _shape.Groups, outputs = _shape.K / _shape.Groups;
        var values = new T[weights.Length];
        for (int k = 0; k < _shape.K; k++)
            for (int c = 0; c < inputs; c++)
                for (int r = 0; r < _shape.R; r++)
                    for (int s = 0; s < _shape.S; s++)
                        values[(((k / outputs * _shape.R + r) * _shape.S + s) * inputs + c) * outputs + k % outputs] =
                            weights[((k * inputs + c) * _shape.R + r) * _shape.S + s];
        return values;
    }
}
